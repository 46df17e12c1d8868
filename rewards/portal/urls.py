"""Addresses of the portal."""

urlpatterns: list[object] = []
