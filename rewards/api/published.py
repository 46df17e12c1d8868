"""What the rewards' floor publishes beside the API: no key, no version, plain files."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe

from rewards import programme_file

_TEXT = programme_file.schema_text().encode()
_ETAG = f'"{programme_file.digest(programme_file.SCHEMA)[:16]}"'


@require_safe
@cache_control(public=True, max_age=300)
@condition(etag_func=lambda _request: _ETAG)
def programme_schema(_request: HttpRequest) -> HttpResponse:
    """The JSON Schema of the programme file, for editors and for whoever writes one by program."""
    return HttpResponse(_TEXT, content_type="application/schema+json")


urlpatterns = [path("programme.schema.json", programme_schema)]
