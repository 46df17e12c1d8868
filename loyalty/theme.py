"""How the admin theme (unfold) looks and what it links: colours are the ramps of the portal's tokens (UI.md §9)."""

from typing import Any

from django.templatetags.static import static

# oklch ramps of --brand #0b5351 and --ink #18211f; 50 of the base is --paper.
_PRIMARY = {
    "50": "oklch(97% .012 192)",
    "100": "oklch(94% .02 192)",
    "200": "oklch(88% .04 192)",
    "300": "oklch(82% .065 192)",
    "400": "oklch(76% .07 192)",
    "500": "oklch(68% .075 192)",
    "600": "oklch(40.1% .065 192)",
    "700": "oklch(35% .058 192)",
    "800": "oklch(30% .05 192)",
    "900": "oklch(26% .042 192)",
    "950": "oklch(20% .03 192)",
}
_BASE = {
    "50": "oklch(98.4% .004 106)",
    "100": "oklch(95.4% .005 150)",
    "200": "oklch(90.5% .006 170)",
    "300": "oklch(83% .008 176)",
    "400": "oklch(72% .01 178)",
    "500": "oklch(50% .012 180)",
    "600": "oklch(42% .013 180)",
    "700": "oklch(35% .0135 180)",
    "800": "oklch(28% .0135 180)",
    "900": "oklch(19.5% .011 180)",
    "950": "oklch(16% .009 180)",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "loyalty.admin.navigation.programme_name",
    "SITE_HEADER": "loyalty.admin.navigation.programme_name",
    "SITE_SYMBOL": "loyalty",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": "/staff/language/"},
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": _PRIMARY, "base": _BASE},
    "STYLES": [
        lambda _request: static("portal/tokens.css"),
        lambda _request: static("staff/shell.css"),
        lambda _request: static("staff/staff.css"),
    ],
    "SIDEBAR": {"show_search": False, "navigation": "loyalty.admin.navigation.groups"},
    "ACCOUNT": {"navigation": "loyalty.admin.navigation.account"},
}
