"""Registers the app of sessions and findings, and answers a new recording with an analysis."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "feedback"

    def ready(self) -> None:
        from feedback import receivers, workers  # noqa: F401
