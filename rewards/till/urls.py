"""Addresses of the till page, under /staff/till/."""

from django.urls import path

from rewards.till import views

app_name = "till"
urlpatterns = [
    path("", views.find, name="find"),
    path("store/", views.choose_store, name="store"),
    path("<uuid:member_id>/", views.member, name="member"),
    path("<uuid:member_id>/sell/", views.sell, name="sell"),
    path("<uuid:member_id>/sold/<uuid:sale_id>/", views.sold, name="sold"),
    path("<uuid:member_id>/hold/", views.hold, name="hold"),
    path("<uuid:member_id>/hold/<uuid:redemption_id>/", views.finish, name="finish"),
]
