"""Addresses of the pages about people: sign-in, new patients, prescriptions, files, API keys."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from patients import prescription_views, security_views, sign_in_views, views

urlpatterns = [
    path("sign-in/", sign_in_views.SignInView.as_view(), name="sign_in"),
    path("sign-in/second/", sign_in_views.show_second_factor, name="second_factor"),
    path("sign-in/mail/", sign_in_views.sign_in_by_mail, name="sign_in_by_mail"),
    path("sign-in/code/", sign_in_views.sign_in_code, name="sign_in_code"),
    path("still-here/", sign_in_views.still_here, name="still_here"),
    path("sign-out/", LogoutView.as_view(), name="sign_out"),
    path("patients/new/", views.patient_add, name="patient_add"),
    path("patients/<uuid:patient_uuid>/prescribe/", prescription_views.prescribe, name="prescribe"),
    path("prescriptions/<uuid:prescription_uuid>/end/", prescription_views.end, name="prescription_end"),
    path("plans/", prescription_views.plans, name="plans"),
    path("recordings/<uuid:recording_uuid>/file/", views.recording_file, name="recording_file"),
    path("security/", security_views.security, name="security"),
    path("security/add/", security_views.second_factor_add, name="second_factor_add"),
    path("security/codes/", security_views.recovery_codes, name="recovery_codes"),
    path("security/sign-out/", security_views.sign_out_all, name="sign_out_all"),
    path("security/<uuid:uuid>/remove/", security_views.second_factor_remove, name="second_factor_remove"),
    path("keys/", views.api_keys, name="api_keys"),
]
