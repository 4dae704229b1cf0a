"""Tells a monitor or a load balancer whether this site is alive, and whether it is ready to serve."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from feedback.checks import run_checks
from feedback.releases import release_in_use
from feedback.status import connected_by_device, oldest_wait


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

    Every check is told, but only some decide: without a worker, say, a recording is safe, and the pages say
    so. A failing one names its remedy; what it found exactly is for `manage.py doctor`, since anybody may ask
    here.
    """
    found = list(run_checks(slow=False))
    is_ready = all(outcome.ok for check, outcome in found if check.decides)
    try:
        release, workers, waited = release_in_use(), connected_by_device(), oldest_wait()
    except DatabaseError:
        release, workers, waited = None, {}, None
    answer = {
        "status": "ok" if is_ready else "not ready",
        "checks": {check.name: outcome.ok for check, outcome in found},
        "remedies": {check.name: outcome.remedy for check, outcome in found if not outcome.ok},
        "active_release": release.name if release else None,
        "release_sha256": release.sha256 if release else None,
        "workers": sum(workers.values()),
        "workers_by_device": workers,
        "oldest_queued_seconds": waited,
    }
    return JsonResponse(answer, status=200 if is_ready else 503)
