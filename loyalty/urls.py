"""Every address of the system. Upper apps are named by string only."""

from django.urls import include, path

urlpatterns = [
    path("", include("loyalty.health")),
    path("", include("loyalty.api.pages")),
    path("api/", include("loyalty.api.urls")),
    path("staff/", include("loyalty.admin.urls")),
    path("accounts/", include("members.portal.accounts")),  # allauth's own sign-in and sign-up stay closed
    path("", include("rewards.portal.urls")),
]
handler400 = "members.portal.failures.bad_request"
handler403 = "members.portal.failures.forbidden"
handler404 = "members.portal.failures.not_found"
handler500 = "members.portal.failures.server_error"
