"""The admin pages of releases, the queue and what it found: written by services, only read here."""

from django.contrib import admin

from feedback.models import Analysis, ExerciseSession, ModelRelease, Repetition, Report, Verdict, Worker
from patients.admin import ReadOnlyAdmin


@admin.register(ModelRelease)
class ModelReleaseAdmin(ReadOnlyAdmin):
    list_display = ("name", "is_active", "created_at", "sha256")


@admin.register(ExerciseSession)
class ExerciseSessionAdmin(ReadOnlyAdmin):
    list_display = ("uuid", "patient", "day", "severity", "repetition_count", "unreviewed_count")
    list_filter = ("severity",)
    list_select_related = ("patient",)
    date_hierarchy = "day"


@admin.register(Analysis)
class AnalysisAdmin(ReadOnlyAdmin):
    list_display = ("uuid", "status", "step", "attempts", "error_code", "worker", "queued_at", "finished_at")
    list_filter = ("status", "error_code", "release")
    date_hierarchy = "queued_at"


@admin.register(Repetition)
class RepetitionAdmin(ReadOnlyAdmin):
    list_display = ("uuid", "exercise", "index", "finding", "probability", "abstained")
    list_filter = ("exercise", "finding", "abstained")
    exclude = ("motion",)


@admin.register(Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    list_display = ("at", "clinician", "decision", "label", "second_label", "reason")
    list_filter = ("decision", "reason")
    list_select_related = ("clinician",)


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    list_display = ("uuid", "start", "end", "status", "attempts", "requested_at", "finished_at")
    list_filter = ("status",)
    date_hierarchy = "requested_at"
    exclude = ("file", "content", "note")


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "started_at", "seen_at")
