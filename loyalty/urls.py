"""Every address of the system. Upper apps are named by string only."""

from django.urls import include, path

urlpatterns = [
    path("", include("loyalty.health")),
    path("", include("loyalty.api.pages")),
    path("api/", include("loyalty.api.urls")),
    path("staff/", include("loyalty.admin.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("rewards.portal.urls")),
]
