"""The Celery application. The broker and all options come from the settings (`CELERY_...`)."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exfb_site.settings")

TRANSPORT_ALIASES["filesystem"] = "exfb_site.broker:Transport"

app = Celery("exfb")
# Also for threads other than the importing one, such as those of the web server.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
