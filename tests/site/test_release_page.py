"""The page of a model release: what was measured comes first and in words; nothing it states is left out."""

import json
from typing import Any

import pytest
from django.urls import reverse

from feedback.release_figures import release_figures
from ml.manifest import DEFAULT_RELEASE, MANIFEST_NAME, release_folder
from tests.factories import ModelReleaseFactory, People
from tests.site.pages import text_of

SHIPPED = json.loads((release_folder(DEFAULT_RELEASE) / MANIFEST_NAME).read_text())["metrics"]


def page_of(client: Any, people: People, metrics: dict[str, Any]) -> Any:
    client.force_login(people.lead)
    release = ModelReleaseFactory(metrics=metrics, trained_on="simulated motion")
    return client.get(reverse("release", args=[release.name]))


def test_every_figure_of_the_shipped_release_has_words() -> None:
    figures = release_figures(SHIPPED)
    group = figures.groups[0]
    assert [one.name for one in figures.groups if not one.caution] == []
    assert [measure for one in figures.groups for measure in one.measures if not measure.meaning] == []
    assert group.counts == "{n} repetitions, {people} people".format(**SHIPPED["unseen_simulated_people"])
    assert len(group.recalls) == len(SHIPPED["unseen_simulated_people"]["recall_by_class"])
    assert dict(figures.training)["epochs"] == str(SHIPPED["training"]["epochs"])


def test_measures_come_before_the_training_which_is_folded(client: Any, people: People) -> None:
    html = page_of(client, people, SHIPPED).content.decode()
    assert html.index("Named rightly") < html.index('<details class="after"') < html.index("learning rate")
    assert html.index("learning rate") < html.index("</details>", html.index("learning rate"))


def test_units_are_those_of_a_clinic(client: Any, people: People) -> None:
    metrics = {
        "unseen_simulated_people": {"distance_to_true_correction_m": 0.0241, "calibration_error": 0.0108}
    }
    text = text_of(page_of(client, people, metrics))
    assert "2.4 cm" in text
    assert "1.1 percentage points" in text


def test_a_class_is_shown_with_glyph_bar_and_share(client: Any, people: People) -> None:
    metrics = {
        "unseen_simulated_people": {"recall_by_class": {"squat.knees_inward": 0.9091, "plank.correct": 1.0}}
    }
    page = page_of(client, people, metrics)
    html = page.content.decode()
    assert 'width="90.9"' in html
    assert "#knees_inward" in html
    assert "Knees fall inward 91 %" in text_of(page)
    assert "Correct 100 %" in text_of(page)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"rmd": {"identification": {"macro": 0.51}}}, "identification, macro 0.51"),
        ({"macro": 0.97}, "macro 0.97"),
        ({"unseen_simulated_people": {"new_figure": [0.1, 0.2]}}, "new figure 0.1 – 0.2"),
        ({"unseen_simulated_people": {"recall_by_class": {"squat.correct": None}}}, "squat.correct None"),
        ({"unseen_simulated_people": {"macro_recall": "high"}}, "macro recall high"),
    ],
)
def test_what_has_no_words_is_shown_as_it_came(
    client: Any, people: People, metrics: dict[str, Any], words: str
) -> None:
    assert words in text_of(page_of(client, people, metrics))


def test_a_release_without_figures_says_so(client: Any, people: People) -> None:
    assert "states no figures" in text_of(page_of(client, people, {}))
