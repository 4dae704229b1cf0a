"""The Celery application. The broker and all options come from the settings (`CELERY_...`)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exfb_site.settings")

app = Celery("exfb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
