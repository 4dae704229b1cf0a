"""Tells a monitor or a load balancer whether this site is alive, and whether it is ready to serve."""

import os

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from exfb_site.celery import app
from feedback.releases import release_in_use
from feedback.status import workers_connected


@login_not_required
@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """Answer that the process runs. Asks nothing of the database."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 where a recording can be received and will be analysed once a worker is there, else 503.

    The number of workers is told, but does not decide: without one a recording is safe, and the pages say so.
    """
    try:
        # Where none was ever chosen, this makes the shipped release the active one.
        release = release_in_use()
        checks = {"database": True, "broker": broker_reachable(), "release": release is not None}
        workers = workers_connected()
    except DatabaseError:
        checks, release, workers = {"database": False}, None, 0
    is_ready = all(checks.values())
    answer = {
        "status": "ok" if is_ready else "not ready",
        "checks": checks,
        "active_release": release.name if release else None,
        "workers": workers,
    }
    return JsonResponse(answer, status=200 if is_ready else 503)


def broker_reachable() -> bool:
    """Tell whether a message could be sent: the broker's folder can be written, or its server answers."""
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        return os.access(str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"]), os.W_OK)
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    except OperationalError:
        return False
    return True
