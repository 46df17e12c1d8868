"""A POST to Django REST framework that does nothing: what the web server and the framework alone allow."""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")
django.setup()
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]  # for Content-Length


class Bare(APIView):
    """Parses the body and answers."""

    def post(self, request: Request) -> Response:
        """201 with the number of lines."""
        body: dict[str, list[object]] = dict(request.data)
        return Response({"lines": len(body["lines"])}, status=201)


def awake(request: HttpRequest) -> HttpResponse:
    """200 as soon as the server runs."""
    return HttpResponse()


urlpatterns = [path("api/v1/sales", Bare.as_view()), path("bare", awake)]
application = get_wsgi_application()
