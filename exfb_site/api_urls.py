"""Every address of the API, below `/api/v1/`."""

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from exfb_site.errors import NoSuchAddress
from feedback import api as feedback
from feedback import baseline_api as baselines
from feedback import export_api as exports
from feedback import motion_api as motions
from feedback import notes_api as notes
from feedback import reading_api as readings
from feedback import recut_api as recut
from feedback import release_api as releases
from feedback import report_api as reports
from patients import api as patients

app_name = "api"

# The description of the API holds nothing of anybody, so that it is open.
_open = {"permission_classes": [AllowAny], "authentication_classes": []}

urlpatterns = [
    path("patients/", patients.PatientList.as_view(), name="patients"),
    path("patients/<uuid:uuid>/", patients.PatientDetail.as_view(), name="patient"),
    path("patients/<uuid:uuid>/access/", patients.AccessLog.as_view(), name="access_log"),
    path("patients/<uuid:uuid>/history/", feedback.PatientHistory.as_view(), name="history"),
    path("patients/<uuid:uuid>/baseline/", baselines.PatientBaseline.as_view(), name="patient_baseline"),
    path("patients/<uuid:uuid>/export/", exports.PatientExport.as_view(), name="patient_export"),
    path("recordings/", feedback.Recordings.as_view(), name="recordings"),
    path("recordings/<uuid:uuid>/", feedback.RecordingDetail.as_view(), name="recording"),
    path("recordings/<uuid:uuid>/reading/", readings.RecordingReading.as_view(), name="reading"),
    path("recordings/<uuid:uuid>/file/", patients.RecordingFile.as_view(), name="recording_file"),
    path("recordings/<uuid:uuid>/move/", feedback.RecordingMoves.as_view(), name="move"),
    path("sessions/", feedback.Sessions.as_view(), name="sessions"),
    path("sessions/<uuid:uuid>/", feedback.SessionDetail.as_view(), name="session"),
    path("sessions/<uuid:uuid>/notes/", notes.SessionNotes.as_view(), name="notes"),
    path("notes/<uuid:uuid>/delete/", notes.NoteDelete.as_view(), name="note_delete"),
    path("sessions/<uuid:uuid>/export/", exports.SessionExport.as_view(), name="session_export"),
    path("analyses/<uuid:uuid>/", feedback.AnalysisDetail.as_view(), name="analysis"),
    path("analyses/<uuid:uuid>/retry/", feedback.AnalysisRetry.as_view(), name="retry"),
    path("analyses/<uuid:uuid>/cuts/", recut.Cuts.as_view(), name="cuts"),
    path("analyses/<uuid:uuid>/cancel/", feedback.AnalysisCancel.as_view(), name="cancel"),
    path("repetitions/<uuid:uuid>/", feedback.RepetitionDetail.as_view(), name="repetition"),
    path("repetitions/<uuid:uuid>/motion/", motions.RepetitionMotion.as_view(), name="motion"),
    path("repetitions/<uuid:uuid>/band/", motions.RepetitionBand.as_view(), name="band"),
    path("repetitions/<uuid:uuid>/baseline/", baselines.RepetitionBaseline.as_view(), name="baseline"),
    path("repetitions/<uuid:uuid>/verdicts/", feedback.Verdicts.as_view(), name="verdicts"),
    path("patients/<uuid:uuid>/again/", releases.PatientAgain.as_view(), name="patient_again"),
    path("releases/", releases.Releases.as_view(), name="releases"),
    path("releases/<slug:name>/activate/", releases.ReleaseActivate.as_view(), name="release_activate"),
    path("releases/<slug:name>/comparison/", releases.ReleaseComparison.as_view(), name="comparison"),
    path("releases/<slug:name>/again/", releases.ReleaseAgain.as_view(), name="release_again"),
    path("repetitions/<uuid:uuid>/export/", exports.RepetitionExport.as_view(), name="repetition_export"),
    path("exports/<uuid:uuid>/", exports.ExportDetail.as_view(), name="export"),
    path("exports/<uuid:uuid>/file/", exports.ExportFile.as_view(), name="export_file"),
    path("patients/<uuid:uuid>/reports/", reports.PatientReports.as_view(), name="reports"),
    path("reports/<uuid:uuid>/", reports.ReportDetail.as_view(), name="report"),
    path("reports/<uuid:uuid>/file/", reports.ReportFile.as_view(), name="report_file"),
    path("schema/", SpectacularAPIView.as_view(**_open), name="schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api:schema", template_name="api/docs.html", **_open),
        name="docs",
    ),
    re_path("", NoSuchAddress.as_view(), name="no_such_address"),
]
