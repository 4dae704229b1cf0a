"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from exfb_site import health, metrics
from patients.sign_in_views import admin_sign_in

handler500 = "exfb_site.errors.fault"

urlpatterns = [
    path("health/live/", health.live, name="health_live"),
    path("health/ready/", health.ready, name="health_ready"),
    path("metrics/", metrics.metrics, name="metrics"),
    path("admin/login/", admin_sign_in, name="admin_sign_in"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("exfb_site.api_urls")),
    path("", include("patients.urls")),
    path("", include("feedback.urls")),
]
