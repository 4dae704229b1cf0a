"""Addresses of the pages about sessions, findings and the history of mistakes."""

from django.urls import path

from feedback import (
    agreement_views,
    design_views,
    history_views,
    move_views,
    my_views,
    reading_views,
    release_views,
    report_views,
    session_views,
    upload_views,
    views,
    worklist_views,
)

urlpatterns = [
    path("", views.home, name="home"),
    path("worklist/", worklist_views.worklist, name="worklist"),
    path("sessions/<uuid:session_uuid>/", session_views.session, name="session"),
    path("patients/", views.patient_list, name="patient_list"),
    path("patients/<uuid:patient_uuid>/", history_views.patient, name="patient"),
    path("patients/<uuid:patient_uuid>/history.csv", history_views.history_csv, name="history_csv"),
    path("patients/<uuid:patient_uuid>/reports/", report_views.reports, name="reports"),
    path("reports/<uuid:report_uuid>/", report_views.report, name="report"),
    path("reports/<uuid:report_uuid>/file/", report_views.report_file, name="report_file"),
    path("patients/<uuid:patient_uuid>/upload/", upload_views.upload, name="upload"),
    path("recordings/<uuid:recording_uuid>/", upload_views.recording, name="recording"),
    path("recordings/<uuid:recording_uuid>/move/", move_views.move, name="move"),
    path("recordings/<uuid:recording_uuid>/reading/", reading_views.reading, name="reading"),
    path("analyses/<uuid:analysis_uuid>/cancel/", upload_views.cancel, name="cancel"),
    path("agreement/", agreement_views.agreement, name="agreement"),
    path("design/", design_views.design, name="design"),
    path("patients/<uuid:patient_uuid>/again/", release_views.patient_again, name="patient_again"),
    path("releases/", release_views.releases, name="releases"),
    path("releases/<slug:name>/", release_views.release, name="release"),
    path("releases/<slug:name>/activate/", release_views.activate, name="release_activate"),
    path("releases/<slug:name>/compare/", release_views.compare, name="release_compare"),
    path("releases/<slug:name>/again/", release_views.again, name="release_again"),
    path("me/", my_views.my_home, name="my_home"),
    path("me/upload/", upload_views.my_upload, name="my_upload"),
    path("me/sessions/<uuid:session_uuid>/", my_views.my_session, name="my_session"),
]
