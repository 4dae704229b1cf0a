"""Wiring of the site: settings, URLs, Celery, health. No rules live here."""

from exfb_site.celery import app as celery_app

__all__ = ["celery_app"]
