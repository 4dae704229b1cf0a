"""Addresses of the pages about people: sign-in, new patients, prescriptions, files, API keys."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from patients import prescription_views, views

urlpatterns = [
    path("sign-in/", views.SignInView.as_view(), name="sign_in"),
    path("sign-out/", LogoutView.as_view(), name="sign_out"),
    path("patients/new/", views.patient_add, name="patient_add"),
    path("patients/<uuid:patient_uuid>/prescribe/", prescription_views.prescribe, name="prescribe"),
    path("prescriptions/<uuid:prescription_uuid>/end/", prescription_views.end, name="prescription_end"),
    path("plans/", prescription_views.plans, name="plans"),
    path("recordings/<uuid:recording_uuid>/file/", views.recording_file, name="recording_file"),
    path("keys/", views.api_keys, name="api_keys"),
]
