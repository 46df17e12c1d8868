"""Addresses of the documentation's pages, which go through the middleware of pages."""

from django.urls import URLPattern, path

from loyalty.api import docs

urlpatterns: list[URLPattern] = [
    path("api/docs", docs.show, name="api-docs"),
    path("problems/", docs.list_problems, name="problems"),
    path("problems/<slug:code>", docs.show_problem, name="problem"),
]
