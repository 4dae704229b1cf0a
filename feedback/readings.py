"""A recording that a person says was read wrongly: it is read by what they say, and analysed anew."""

from typing import Any

from django.db import transaction

from feedback.queue import request_analysis, withdraw
from feedback.sessions import refresh_session
from patients.models import Recording, User
from patients.readings import keep_reading, read_again


def confirm_recording(*, user: User, recording: Recording, **said: Any) -> bool:
    """Keep what a person says of how a recording was read; return whether it is analysed anew.

    `said` and what is raised: `patients.readings.read_again`. What was found in the reading before, and what
    clinicians said of that, is kept but no longer shown.
    """
    facts = read_again(user=user, recording=recording, **said)
    with transaction.atomic():
        keep_reading(user=user, recording=recording, facts=facts)
        if facts is None:
            return False
        withdraw(recording=recording)
        analysis = request_analysis(recording=recording)
        if analysis is not None:
            refresh_session(session=analysis.session)
    return True
