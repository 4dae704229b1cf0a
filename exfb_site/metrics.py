"""What Prometheus reads: the queue, its workers and how long analyses take, asked of the database.

Counted there and not in each web process, so that it is true however many of them there are. Nothing here is
of a single patient.
"""

import secrets
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Avg, Count, F, Max
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from feedback.models import Analysis
from feedback.releases import release_in_use
from feedback.status import connected_by_device, oldest_wait

#: Durations are of this many of the newest finished analyses.
_SAMPLE = 100


@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer who sends the token of the settings; to anybody else there is nothing here."""
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    if not settings.METRICS_TOKEN or not secrets.compare_digest(sent, settings.METRICS_TOKEN.encode()):
        raise Http404
    registry = CollectorRegistry()
    registry.register(Queue())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Queue(Collector):
    """Asks the database when it is read. Five queries."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        counted = dict(Analysis.objects.order_by().values_list("status").annotate(n=Count("pk")))
        analyses = GaugeMetricFamily("exfb_analyses", "Analyses by state", labels=["status"])
        for status in Analysis.Status.values:
            analyses.add_metric([status], counted.get(status, 0))
        yield analyses
        workers = GaugeMetricFamily("exfb_workers", "Workers heard of lately", labels=["device"])
        for device, number in connected_by_device().items():
            workers.add_metric([device], number)
        yield workers
        yield GaugeMetricFamily(
            "exfb_oldest_queued_seconds", "How long the oldest waiting analysis waits", oldest_wait() or 0
        )
        newest = Analysis.objects.filter(status=Analysis.Status.DONE).order_by("-finished_at")[:_SAMPLE]
        spans = newest.annotate(
            took=F("finished_at") - F("started_at"), all=F("finished_at") - F("queued_at")
        )
        found = spans.aggregate(mean=Avg("took"), longest=Max("took"), mean_with_waiting=Avg("all"))
        seconds = GaugeMetricFamily(
            "exfb_analysis_seconds", f"Of the newest {_SAMPLE} finished analyses", labels=["measure"]
        )
        for name, span in found.items():
            if span is not None:
                seconds.add_metric([name], span.total_seconds())
        yield seconds
        release = release_in_use()
        yield InfoMetricFamily(
            "exfb_release",
            "The model release in use",
            {"name": release.name, "sha256": release.sha256} if release else {"name": "", "sha256": ""},
        )
