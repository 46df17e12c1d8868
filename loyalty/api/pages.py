"""Addresses of the documentation's pages and of the icon, which go through the middleware of pages."""

from django.http import HttpRequest, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import URLPattern, path

from loyalty.api import docs


def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """To the icon, for what asks at the old address without reading a page."""
    return HttpResponseRedirect(static("portal/mark.svg"))


urlpatterns: list[URLPattern] = [
    path("favicon.ico", favicon, name="favicon"),
    path("api/docs", docs.show, name="api-docs"),
    path("problems/", docs.list_problems, name="problems"),
    path("problems/<slug:code>", docs.show_problem, name="problem"),
]
