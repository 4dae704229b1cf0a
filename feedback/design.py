"""What the gallery of the design system shows: the tokens and glyphs that there are, as their files say."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.contrib.staticfiles import finders
from django.utils.translation import gettext_lazy as _

#: What a colour is for, by the beginning of its name; the first that fits.
_GROUPS: Final = (
    ("paper surface sunken hover line ink", _("Paper and ink")),
    ("action on-action focus", _("Action")),
    ("performed corrected band stage shadow", _("Motion")),
    ("sev-", _("Severity")),
    ("v- good warn bad", _("Verdict and state")),
    ("d-", _("Findings")),
)
_COLOUR = re.compile(r"--([\w-]+): #[0-9A-Fa-f]{3,8};")


def _text(name: str) -> str:
    found = finders.find(f"exfb/{name}")
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    return Path(found).read_text(encoding="utf-8")


def colours() -> dict[str, list[str]]:
    """Return the names of all colours of the light theme, by what they are for."""
    block = re.search(r'\[data-theme="light"\] \{(.*?)\n\}', _text("css/tokens.css"), re.S)
    names = _COLOUR.findall(block[1]) if block else []
    groups: dict[str, list[str]] = {str(title): [] for _starts, title in _GROUPS}
    for name in names:
        groups[_group(name)].append(name)
    return {title: inside for title, inside in groups.items() if inside}


def _group(name: str) -> str:
    fits = (title for starts, title in _GROUPS if name.startswith(tuple(starts.split())))
    return str(next(fits))


@cache
def sizes() -> list[str]:
    """Return the names of the type sizes, the greatest first."""
    return sorted(re.findall(r"--(t-\d+):", _text("css/tokens.css")), reverse=True)


@cache
def glyphs() -> list[str]:
    """Return the ids of all glyphs."""
    return re.findall(r'<symbol id="([\w-]+)"', _text("icons.svg"))


def gallery() -> dict[str, Any]:
    """Return what the page shows beside the parts that it is made of."""
    return {
        "colours": colours(),
        "sizes": sizes(),
        "glyphs": glyphs(),
        "findings": [
            "squat.correct", "squat.knees_inward", "squat.not_low_enough", "squat.front_bent",
            "squat.feet_too_wide", "lunge.knee_passes_toe", "plank.arched_back", "plank.hunched_back",
            "not_sure",
        ],
    }  # fmt: skip
