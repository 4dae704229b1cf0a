"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from exfb_site import health

urlpatterns = [
    path("health/live/", health.live, name="health_live"),
    path("health/ready/", health.ready, name="health_ready"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("exfb_site.api_urls")),
    path("", include("patients.urls")),
    path("", include("feedback.urls")),
]
