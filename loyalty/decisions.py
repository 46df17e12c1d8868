"""Decision receipts as others read them: as JSON, and as the short reason beside an entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override, pgettext, pgettext_lazy

from loyalty.models import Decision, Kind
from loyalty.policies import localised

_BASES = ("per_amount", "per_unit", "per_visit")
_WORDS = {
    Kind.EARN: gettext_lazy("Earned"),
    Kind.REDEEM: gettext_lazy("Redeemed"),
    Kind.GIVE_BACK: gettext_lazy("Given back"),
    Kind.RETURN: gettext_lazy("Purchase returned"),
    Kind.WRITE_OFF: gettext_lazy("Written off"),
    Kind.EXPIRE: gettext_lazy("Expired"),
    Kind.REINSTATE: gettext_lazy("Reinstated"),
    Kind.ADJUST: gettext_lazy("Adjusted"),
    Kind.TRANSFER_OUT: pgettext_lazy("points to another member", "Sent"),
    Kind.TRANSFER_IN: pgettext_lazy("points from another member", "Received"),
    Kind.FORFEIT: gettext_lazy("Membership ended"),
    Kind.REVERSE: gettext_lazy("Corrected"),
}


def show(decision: Decision) -> dict[str, Any]:
    """The JSON of CONTRACT 1.3."""
    return {
        "id": str(decision.pk),
        "kind": decision.kind,
        "programme_version": decision.programme_version,
        "points": decision.points,
        **decision.body,
    }


def names(document: Mapping[str, Any], body: Mapping[str, Any], language: str) -> dict[str, str]:
    """What people call each rule of a decision's `body`, from the programme it was decided under.

    The only base rule is "base"; a multiplier for a tier bears the name of the tier that was used; every
    other rule its own name, or its code where it has none or is no longer to be found.
    """
    known = {rule["code"]: rule for rule in _rules(document)}
    used = [known.get(rule["rule"], {"code": rule["rule"]}) for rule in body.get("rules", ())]
    bases = [rule for rule in used if rule.get("kind") in _BASES]
    labels = {}
    for rule in used:
        label = localised(rule.get("name", rule["code"]), language)
        if len(bases) == 1 and rule is bases[0]:
            with override(language):
                label = pgettext("the ordinary points of a purchase", "base")
        elif rule.get("kind") == "multiplier" and _asks_for_tier(rule.get("when")):
            label = _tier_name(document, body.get("tier_used"), language) or label
        labels[rule["code"]] = label
    return labels


def reason(body: Mapping[str, Any], language: str, names: Mapping[str, str]) -> str:
    """The points of a decision in a few words: "17 base, ×2 Gold"; 「基本 17 × ゴールド 2倍」. "" for no rule.

    What gave nothing is left out.
    """
    text = ""
    with override(language):
        for rule in body.get("rules", ()):
            if rule.get("points") == 0:
                continue
            multiplies = "factor" in rule
            values = {"name": names.get(rule["rule"], rule["rule"]), **rule}
            if multiplies:
                part = _("×%(factor)s %(name)s") % values
                between = pgettext("between points and what multiplies them", ", ")
            else:
                part = _("%(points)s %(name)s") % values
                between = pgettext("between points of several rules", ", ")
            text = f"{text}{between}{part}" if text else part
    return text


def sentence(document: Mapping[str, Any], body: Mapping[str, Any], language: str) -> str:
    """The reason as a member reads it where the points themselves are said already: a single rule by its own name,
    "1 point per ¥100"; several, or one without a name, as in `reason`."""
    gave = [rule["rule"] for rule in body.get("rules", ()) if rule.get("points")]
    if len(gave) == 1:
        own = next((rule.get("name") for rule in _rules(document) if rule["code"] == gave[0]), None)
        if own:
            return localised(own, language)
    return reason(body, language, names(document, body, language))


def word(kind: str, language: str) -> str:
    """What an entry of this kind is called where no rule explains it: "Expired", 「失効」."""
    with override(language):
        return str(_WORDS[Kind(kind)])


def _rules(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from document.get("rules", ())
    for campaign in document.get("campaigns", ()):
        yield from campaign.get("rules", ())


def _asks_for_tier(condition: object) -> bool:
    """Whether a condition, however nested, looks at the member's tier."""
    if not isinstance(condition, Mapping):
        return False
    if condition.get("field") == "member.tier":
        return True
    return any(_asks_for_tier(part) for name in ("all", "any") for part in condition.get(name, ()))


def _tier_name(document: Mapping[str, Any], code: object, language: str) -> str:
    for group in document.get("tiers", ()):
        for level in group.get("levels", ()):
            if level["code"] == code:
                return localised(level.get("name", code), language)
    return ""
