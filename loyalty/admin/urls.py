"""Addresses of the staff pages."""

urlpatterns: list[object] = []
