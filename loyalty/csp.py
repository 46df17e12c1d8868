"""Content security policies: strict for the portal, looser where the admin theme needs it."""

from typing import Any

from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

# Nothing but our own style sheets and pictures: no script at all, nothing inline, nobody else's.
STRICT: dict[str, Any] = {
    "default-src": ["'none'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "manifest-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
# unfold brings the ordinary Alpine build (evaluates text) and some style attributes.
STAFF: dict[str, Any] = {
    **STRICT,
    "default-src": ["'self'"],
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:", "blob:"],
    "connect-src": ["'self'"],
    "object-src": ["'none'"],
}
BY_PREFIX = {"/staff/": STAFF}


class Policies(CSPMiddleware):
    """Sets the policy of the part of the site an address belongs to; a view may override it with csp's decorators."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """The view's own policy if it has one, else that of the address; nothing is only reported."""
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and parts.config is None:
            path = request.path_info
            parts.config = next((policy for prefix, policy in BY_PREFIX.items() if path.startswith(prefix)), STRICT)
        return parts

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the policy, and say that pages use neither camera nor place; staff pages may scan with the camera."""
        response = super().process_response(request, response)
        camera = "(self)" if request.path_info.startswith("/staff/") else "()"
        response.setdefault("Permissions-Policy", f"camera={camera}, microphone=(), geolocation=(), payment=(), usb=()")
        return response
