"""Writes of the feedback app (being written)."""

from patients.models import Recording


def request_analysis(*, recording: Recording) -> None: ...
