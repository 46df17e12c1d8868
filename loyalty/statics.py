"""Static files that browsers may keep for a year: the portal links them with a digest of their content."""

KEPT = ("/static/portal/",)


def headers(headers: dict[str, str], path: str, url: str) -> None:
    """Whitenoise asks once per file at start; files of `KEPT` are only ever linked with their digest."""
    if url.startswith(KEPT):
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
