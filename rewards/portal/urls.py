"""Addresses of the portal. Every page of it is named `portal:…`."""

from django.urls import include, path

from rewards.portal import activity, coming, home

app_name = "portal"

urlpatterns = [
    path("", home.view, name="home"),
    path("activity/", activity.view, name="activity"),
    path("activity.csv", activity.download, name="activity-csv"),
    path("rewards/", coming.rewards, name="rewards"),
    path("events/", coming.events, name="events"),
    path("", include("members.portal.urls")),
]
