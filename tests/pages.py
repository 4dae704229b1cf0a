"""Every page of the site with the person who sees it, for tests that look at all of them."""

from types import SimpleNamespace
from typing import NamedTuple

from django.urls import reverse


class SeenPage(NamedTuple):
    """A page: its address, who looks at it, and what of `tests.access.make_world` its address names."""

    name: str
    person: str
    thing: str = ""

    def address(self, world: SimpleNamespace) -> str:
        return reverse(self.name, args=[getattr(world, self.thing)] if self.thing else [])


PAGES = [
    SeenPage("sign_in", "anonymous"),
    SeenPage("sign_in_by_mail", "anonymous"),
    SeenPage("security", "lead"),
    SeenPage("second_factor_add", "lead"),
    SeenPage("worklist", "lead"),
    SeenPage("session", "lead", "session"),
    SeenPage("patient_list", "lead"),
    SeenPage("patient", "lead", "patient"),
    SeenPage("patient_add", "lead"),
    SeenPage("prescribe", "lead", "patient"),
    SeenPage("plans", "lead"),
    SeenPage("reports", "lead", "patient"),
    SeenPage("report", "lead", "report"),
    SeenPage("upload", "lead", "patient"),
    SeenPage("recording", "lead", "recording"),
    SeenPage("reading", "lead", "recording"),
    SeenPage("move", "lead", "recording"),
    SeenPage("patient_export", "lead", "patient"),
    SeenPage("access_log", "patient_user", "patient"),
    SeenPage("erase", "clinic_admin", "patient"),
    SeenPage("erasures", "clinic_admin"),
    SeenPage("agreement", "lead"),
    SeenPage("releases", "lead"),
    SeenPage("release", "lead", "release_name"),
    SeenPage("design", "lead"),
    SeenPage("api_keys", "lead"),
    SeenPage("my_home", "patient_user"),
    SeenPage("my_upload", "patient_user"),
    SeenPage("my_session", "patient_user", "session"),
]
