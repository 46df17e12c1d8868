"""Addresses of members in the API."""

from django.urls import path

from loyalty.api import converters  # noqa: F401  (registers `id`)
from members.api import transfers, views

urlpatterns = [
    path("members", views.Members.as_view()),
    path("members/lookup", views.Lookup.as_view()),
    path("members/<id:member_id>", views.OneMember.as_view()),
    path("members/<id:member_id>/entries", views.Entries.as_view()),
    path("transfers", transfers.Transfers.as_view()),
    path("decisions/<id:decision_id>", views.Why.as_view()),
]
