"""The page of a model release: what was measured comes first and in words; nothing it states is left out."""

import json
from typing import Any

import pytest
from django.urls import reverse

from feedback.models import Analysis, ModelRelease, Repetition
from feedback.release_figures import release_figures
from ml.manifest import DEFAULT_RELEASE, MANIFEST_NAME, release_folder
from patients.models import User
from tests.factories import (
    ModelReleaseFactory,
    People,
    RecordingFactory,
    RepetitionFactory,
    VerdictFactory,
)
from tests.site.pages import analysed as session_of_day
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


@pytest.fixture
def trial(people: People) -> ModelRelease:
    """A release beside the active one."""
    ModelReleaseFactory()
    return ModelReleaseFactory(name="exfb-3", is_active=False)


@pytest.fixture
def chooser(people: People) -> User:
    people.clinic_admin.is_staff = True
    people.clinic_admin.save()
    return people.clinic_admin


def test_a_release_is_chosen_and_rolled_back_on_its_page(
    client: Any, chooser: User, trial: ModelRelease
) -> None:
    client.force_login(chooser)
    assert "Use for new recordings" in text_of(client.get(reverse("release", args=[trial.name])))
    page = client.post(reverse("release_activate", args=[trial.name]), follow=True)
    assert "exfb-3 analyses new recordings from now on." in text_of(page)
    assert "Go back to test-release" in text_of(page)
    client.post(reverse("release_activate", args=["test-release"]))
    assert ModelRelease.objects.get(is_active=True).name == "test-release"
    chosen = text_of(client.get(reverse("releases")))
    assert chosen.count(str(chooser)) >= 2


def test_who_may_not_choose_sees_no_button(client: Any, people: People, trial: ModelRelease) -> None:
    for user, buttons in ((people.lead, ()), (people.clinic_admin, ("Compare on reviewed sessions",))):
        session_of_day(people.patient, ["squat.correct"])
        VerdictFactory(repetition=Repetition.objects.latest("pk"), clinician=people.lead)
        client.force_login(user)
        text = text_of(client.get(reverse("release", args=[trial.name])))
        assert "Use for new recordings" not in text
        assert ("Compare on reviewed sessions" in text) is bool(buttons)


def test_a_comparison_is_asked_for_followed_and_read(
    client: Any, people: People, trial: ModelRelease
) -> None:
    session_of_day(people.patient, ["squat.correct", "squat.knees_inward"])
    for repetition in Repetition.objects.all():
        VerdictFactory(repetition=repetition, clinician=people.lead)
    client.force_login(people.clinic_admin)
    page = client.post(reverse("release_compare", args=[trial.name]), follow=True)
    assert "1 recording will be analysed again, after all new ones." in text_of(page)
    assert "0 of 1 reviewed recordings are analysed by both." in text_of(page)
    assert "data-open" in page.content.decode()
    analysis = Analysis.objects.get(release=trial)
    Analysis.objects.update(status=Analysis.Status.DONE)
    for _ in range(2):
        RepetitionFactory(analysis=analysis, finding="squat.correct")
    part = client.get(reverse("release", args=[trial.name]), {"part": "comparison"})
    assert "data-open" not in part.content.decode()
    text = text_of(part)
    assert "Of 2 reviewed repetitions exfb-3 names 1 as the clinicians did, test-release 2." in text
    assert "Knees fall inward 1 1 0" in text
    answer = client.get(reverse("api:comparison", args=[trial.name]))
    assert answer.json()["classes"][1] == {
        "code": "squat.knees_inward",
        "reviewed": 1,
        "active": 1,
        "release": 0,
    }
    known = client.get(
        reverse("api:comparison", args=[trial.name]), headers={"If-None-Match": answer["ETag"]}
    )
    assert known.status_code == 304


def test_the_active_release_is_used_again_for_earlier_recordings(client: Any, people: People) -> None:
    active = ModelReleaseFactory()
    RecordingFactory(patient=people.patient)
    client.force_login(people.clinic_admin)
    address = reverse("release_again", args=[active.name])
    assert "1 recording will be analysed again" in text_of(client.post(address, follow=True))
    assert "has analysed all of these" in text_of(client.post(address, follow=True))
