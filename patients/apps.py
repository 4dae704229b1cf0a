"""Registers the app of clinics, people and recordings."""

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "patients"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from patients.sign_in_limits import begin

        user_logged_in.connect(begin, dispatch_uid="patients.sign_in_limits")
