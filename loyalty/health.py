"""Is the web server alive, and is the system ready?"""

import json

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path


def healthz(request: HttpRequest) -> JsonResponse:
    """200 as soon as the web server runs; touches nothing else."""
    return JsonResponse({"status": "ok"})


def seeding() -> float | None:
    """The share of the demo that is loaded, or None when none is being loaded."""
    try:
        done = float(json.loads((settings.LOYALTY_HOME / "seed.json").read_text())["done"])
    except (OSError, ValueError, KeyError):
        return None
    return None if done >= 1 else done


def readyz(request: HttpRequest) -> JsonResponse:
    """503 with the share that is done until migrations and demo are complete, then 200."""
    done = seeding()
    if done is not None:
        return JsonResponse({"status": "loading", "done": done}, status=503)
    return JsonResponse({"status": "ready"})


urlpatterns: list[URLPattern] = [path("healthz", healthz), path("readyz", readyz)]
