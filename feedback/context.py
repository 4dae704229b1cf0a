"""What every page's frame needs: who is signed in, in which roles, and how many sessions wait for them."""

import base64
from functools import cached_property
from hashlib import sha256

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from feedback.selectors import waiting_sessions
from patients.models import Membership, Patient, User
from patients.permissions import active_memberships, signed_in
from patients.sign_in_limits import seconds_left


class Navigation:
    """Roles and counts of one request's person, asked of the database only when a template shows them."""

    def __init__(self, request: HttpRequest) -> None:
        # A request that is refused early, such as one for an unknown host, has no person.
        self._user = getattr(request, "user", None) or AnonymousUser()
        #: Where the worklist has counted it already.
        self._waiting: int | None = getattr(request, "waiting", None)
        self._request = request

    @property
    def seconds_left(self) -> int:
        """For how long this person stays signed in without doing anything."""
        return int(seconds_left(self._request.session))

    @cached_property
    def _roles(self) -> set[str]:
        return set(active_memberships(self._user).values_list("role", flat=True))

    @property
    def vault(self) -> str:
        """What js/vault.js encrypts this clinician's unsaved words with: a name for them, and a key."""
        if not self.is_clinician:
            return ""
        made = salted_hmac("exfb.vault", str(signed_in(self._user).uuid), algorithm="sha256").digest()
        return f"{made[:6].hex()}.{base64.b64encode(sha256(made).digest()).decode()}"

    @property
    def is_clinician(self) -> bool:
        return bool(self._roles)

    @property
    def is_admin(self) -> bool:
        return Membership.Role.ADMIN in self._roles

    @cached_property
    def is_patient(self) -> bool:
        return isinstance(self._user, User) and Patient.objects.filter(user=self._user).exists()

    @cached_property
    def unreviewed(self) -> int:
        """How many sessions lie in this person's worklist. At most one query."""
        return waiting_sessions(self._user).count() if self._waiting is None else self._waiting

    @property
    def initials(self) -> str:
        words = str(self._user).replace("@", " ").split()
        return "".join(word[0] for word in words[:2]).upper()


def navigation(request: HttpRequest) -> dict[str, Navigation]:
    """Give templates `nav`."""
    return {"nav": Navigation(request)}
