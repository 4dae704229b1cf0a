"""Registers the app of clinics, people and recordings."""

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "patients"
