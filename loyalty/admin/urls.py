"""The staff side. Its lists and pages come from `site`; the till is the top floor's."""

from django.urls import include, path

from loyalty.admin.shell import site

urlpatterns = [path("till/", include("rewards.till.urls")), path("", site.urls)]
