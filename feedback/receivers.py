"""Answers the message that a recording has arrived."""

from typing import Any

from django.dispatch import receiver

from feedback.services import request_analysis
from patients.models import Recording
from patients.signals import recording_received


@receiver(recording_received, dispatch_uid="request_analysis")
def analyse_new_recording(sender: object, recording: Recording, **_kwargs: Any) -> None:
    request_analysis(recording=recording)
