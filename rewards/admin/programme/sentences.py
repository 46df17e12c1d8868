"""Rules and campaigns as sentences, so that what is built can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from loyalty import policies
from loyalty.admin import words
from rewards.drafts.posted import instant

from .naming import Names, factor, listed, points
from .vocabulary import AT_END, FIELDS, TENDERS, TRIGGERS, WEEKDAYS, field

Part = Mapping[str, Any]
MOST_NAMED = 4  # rules of a group that are named one by one


def rule(part: Part, names: Names) -> list[str]:
    """A rule in sentences: what it gives and for what; its limits; what sets it apart."""
    gives = _with_lines(part, names, given(part, names))
    trigger = part.get("trigger")
    if part.get("kind") == "referral":
        trigger = None
    if trigger:
        occasion = TRIGGERS.get(str(trigger)) or _("the activity “%(kind)s”") % {
            "kind": str(trigger).removeprefix("activity:")
        }
        gives = _("For %(occasion)s: %(gives)s") % {"occasion": occasion, "gives": gives}
    said = [_("%(sentence)s.") % {"sentence": capfirst(gives)}]
    if part.get("when"):
        said.append(_("Only if %(condition)s.") % {"condition": condition(part["when"], names)})
    said += _dates(part, names)
    said += _limits(part.get("caps") or {})
    said += _company(part, names)
    if part.get("enabled") is False:
        said.append(_("It is switched off."))
    return said


def campaign(part: Part, names: Names) -> list[str]:
    """A campaign in sentences: who gets what, when, where, how much at most."""
    who = members(part.get("audience"), names)
    said: list[str] = []
    for one in part.get("rules") or []:
        gives = _with_lines(one, names, given(one, names))
        pattern = _("Also %(gives)s.") if said else _("%(who)s get %(gives)s.")
        sentence = pattern % {"who": who, "gives": gives}
        if one.get("when"):
            sentence += " " + _("Only if %(condition)s.") % {"condition": condition(one["when"], names)}
        said.append(sentence)
        said += _limits(one.get("caps") or {})
    said += recurrence(part.get("window") or {}, names)
    if part.get("stores") or part.get("store_groups"):
        where = stores(part.get("stores") or [], part.get("store_groups") or [], names)
        said.append(_("In %(stores)s only.") % {"stores": where})
    said += _budget(part.get("budget") or {}, names)
    said += _limits(part.get("caps") or {})
    said += _company(part, names)
    if part.get("control_percent"):
        said.append(
            _("%(percent)s%% of the members are left out for good, to see what it does.")
            % {"percent": part["control_percent"]}
        )
    if part.get("enabled") is False:
        said.append(_("It is paused."))
    return said


def given(part: Part, names: Names) -> str:
    """What a rule gives, without its conditions."""
    kind, number = part.get("kind"), points(part.get("points"))
    if kind == "per_amount":
        return _("%(points)s for every %(per)s") % {"points": number, "per": names.amount(part.get("per", "…"))}
    if kind == "per_unit":
        return _("%(points)s for each unit") % {"points": number}
    if kind == "per_visit":
        return _("%(points)s for each purchase") % {"points": number}
    if kind == "multiplier":
        times = _("%(factor)s times the points") % {"factor": factor(part.get("factor"))}
        if isinstance(part.get("of"), list):
            of = listed(names.rules.get(code, code) for code in part["of"])
            return _("%(times)s of “%(rules)s”") % {"times": times, "rules": of}
        return times
    if kind == "fixed":
        if part.get("trigger"):
            return number
        patterns = {
            "line": _("%(points)s extra for each line"),
            "unit": _("%(points)s extra for each unit"),
        }
        return patterns.get(str(part.get("each")), _("%(points)s extra")) % {"points": number}
    return _given_later(part, names)


def _given_later(part: Part, names: Names) -> str:
    """Kinds that count over several purchases."""
    kind, number = part.get("kind"), points(part.get("points"))
    if kind == "stamps":
        what = number if part.get("points") else names.section("rewards").get(str(part.get("reward")), "…")
        return _("a stamp for each unit, and %(what)s for %(buy)s stamps") % {"what": what, "buy": part.get("buy", "…")}
    if kind == "streak" and part.get("skus"):
        return _("%(points)s for buying all of %(articles)s within %(days)s days") % {
            "points": number,
            "articles": listed(_quoted(one) for one in part["skus"]),
            "days": part.get("within_days", "…"),
        }
    if kind == "streak":
        return _("%(points)s for %(times)s visits within %(days)s days") % {
            "points": number,
            "times": part.get("times", "…"),
            "days": part.get("within_days", "…"),
        }
    if kind == "referral":
        return _("%(referrer)s for recommending the programme and %(friend)s for the friend") % {
            "referrer": points(part.get("referrer")),
            "friend": points(part.get("friend")),
        }
    return str(kind or "…")


def members(audience: Any, names: Names) -> str:
    """The members a campaign is for, as the subject of a sentence."""
    if not audience:
        return _("All members")
    rows = audience.get("all") or audience.get("any") if isinstance(audience, Mapping) else None
    if (
        isinstance(rows, list)
        and len(rows) == 1
        and rows[0].get("field") == "member.tier"
        and rows[0].get("op") == "in"
    ):
        return _("%(tiers)s members") % {"tiers": _tiers(rows[0].get("value"), names)}
    return _("Members for whom %(condition)s") % {"condition": condition(audience, names)}


def condition(part: Any, names: Names, *, inner: bool = False) -> str:
    """A condition in words; groups inside groups stand in brackets."""
    if not isinstance(part, Mapping) or not part:
        return "…"
    if "field" in part:
        return row(part, names)
    groups = []
    for key in ("all", "any"):
        if isinstance(part.get(key), list):
            said = [condition(one, names, inner=True) for one in part[key]]
            text = (_(" or ") if key == "any" else _(" and ")).join(said) or "…"
            groups.append((text, len(said) > 1))
    text = _(" and ").join(_brackets(text) if len(groups) > 1 and many else text for text, many in groups)
    return _brackets(text) if inner and any(many for _text, many in groups) else text


def _brackets(text: str) -> str:
    return _("(%(group)s)") % {"group": text}


def _quoted(name: object) -> str:
    return _("“%(name)s”") % {"name": name}


def row(part: Part, names: Names) -> str:
    """One condition in words."""
    asked = field(str(part.get("field", "")))
    op, value = str(part.get("op", "=")), part.get("value")
    if asked.widget == "yes":
        return str(asked.label) if value is not False else _("not %(what)s") % {"what": asked.label}
    if asked.name == "member.tier" and op == "in":
        return _("%(field)s is %(value)s") % {"field": asked.label, "value": _tiers(value, names)}
    many = value if isinstance(value, list) else [value]
    if asked.name == "sale.store_group" and op in ("=", "in", "!=", "not_in"):
        where = listed((_group_of_stores(one) for one in many), either=True)
        pattern = (
            _("the store is none of %(stores)s") if op in ("!=", "not_in") else _("the store is one of %(stores)s")
        )
        return pattern % {"stores": where}
    shown = [value_words(asked.name, one, names) for one in many]
    patterns = {
        "!=": _("%(field)s is not %(value)s"),
        "not_in": _("%(field)s is not %(value)s"),
        ">=": _("%(field)s is at least %(value)s"),
        ">": _("%(field)s is more than %(value)s"),
        "<=": _("%(field)s is at most %(value)s"),
        "<": _("%(field)s is less than %(value)s"),
        "any_of": _("%(field)s include %(value)s"),
        "all_of": _("%(field)s include all of %(value)s"),
    }
    if asked.ops == "text" and op == "not_in":
        pattern = _("%(field)s include none of %(value)s")
    else:
        pattern = patterns.get(op, _("%(field)s is %(value)s"))
    return pattern % {"field": asked.label, "value": listed(shown, either=op != "all_of")}


def value_words(name: str, value: Any, names: Names) -> str:
    """One value of a condition in words."""
    asked = FIELDS.get(name)
    if asked is None or value is None:
        return "…" if value in (None, "") else str(value)
    if asked.widget == "money":
        return names.amount(value)
    tables: dict[str, Mapping[Any, Any]] = {
        "tiers": names.tiers,
        "stores": names.stores,
        "segments": names.section("segments"),
        "plans": names.section("plans"),
        "weekdays": WEEKDAYS,
        "tenders": TENDERS,
    }
    return str(tables.get(asked.choices, {}).get(value, value))


def _tiers(value: Any, names: Names) -> str:
    """Silver and above; or the levels one by one."""
    chosen = value if isinstance(value, list) else [value]
    ladder = names.ladder
    if len(chosen) > 1 and set(chosen) == set(ladder[-len(chosen) :]):
        return _("%(tier)s and above") % {"tier": names.tiers.get(ladder[-len(chosen)], "")}
    return listed((names.tiers.get(str(one), str(one)) for one in chosen), either=True)


def stores(codes: Any, groups: Any, names: Names) -> str:
    """Some stores, and groups of them."""
    said = [_group_of_stores(group) for group in groups]
    return listed([*said, *(names.stores.get(str(code), str(code)) for code in codes)])


def _group_of_stores(code: Any) -> str:
    return _("the %(group)s stores") % {"group": capfirst(str(code))} if code not in (None, "") else "…"


def selection(part: Any) -> str:
    """Lines by what they are."""
    part = part if isinstance(part, Mapping) else {}
    patterns = {
        "skus": _("the articles %(names)s"),
        "categories": _("%(names)s"),
        "labels": _("what is labelled %(names)s"),
        "brands": _("the brands %(names)s"),
    }
    said = [
        pattern % {"names": listed(_quoted(one) for one in part[key])}
        for key, pattern in patterns.items()
        if part.get(key)
    ]
    return listed(said)


def _with_lines(part: Part, names: Names, gives: str) -> str:
    lines = part.get("lines") or {}
    if lines.get("include"):
        gives = _("%(gives)s on %(lines)s") % {"gives": gives, "lines": selection(lines["include"])}
    if lines.get("exclude") and any(lines["exclude"].values()):
        gives = _("%(gives)s, but not on %(lines)s") % {"gives": gives, "lines": selection(lines["exclude"])}
    return gives


def recurrence(window: Part, names: Names) -> list[str]:
    days = window.get("weekdays") or []
    hours = window.get("hours") or []
    said = []
    if days:
        said.append(_("On %(days)s") % {"days": listed(str(WEEKDAYS.get(day, day)) for day in days)})
    if len(hours) == 2:
        said.append(_("from %(from)s to %(until)s o’clock") % {"from": hours[0], "until": hours[1]})
    often = _(", ").join(said)
    sentences = [_("%(sentence)s.") % {"sentence": capfirst(often)}] if often else []
    return sentences + _dates(window, names)


def _dates(part: Part, names: Names) -> list[str]:
    first, last = part.get("from"), part.get("until")
    if first and last:
        return [
            _("From %(first)s until the end of %(last)s.")
            % {"first": names.moment(first), "last": names.moment(last, end=True)}
        ]
    if first:
        return [_("From %(first)s on.") % {"first": names.moment(first)}]
    if last:
        return [_("Until the end of %(last)s.") % {"last": names.moment(last, end=True)}]
    return []


def _budget(budget: Part, names: Names) -> list[str]:
    said = []
    if budget.get("points") is not None:
        said.append(points(budget["points"]))
    if budget.get("money") is not None:
        said.append(names.amount(budget["money"]))
    if not said:
        return []
    end = AT_END.get(str(budget.get("at_end", "partial")), "")
    return [_("At most %(budget)s in total; then it ends, and %(end)s.") % {"budget": listed(said), "end": end}]


def _limits(caps: Part) -> list[str]:
    patterns = {
        "per_sale": _("%(points)s a purchase"),
        "per_day": _("%(points)s a member and day"),
        "per_member": _("%(points)s a member"),
        "total": _("%(points)s altogether"),
    }
    said = [pattern % {"points": points(caps[key])} for key, pattern in patterns.items() if caps.get(key) is not None]
    return [_("At most %(limits)s.") % {"limits": listed(said)}] if said else []


def _company(part: Part, names: Names) -> list[str]:
    """How it goes together with others."""
    said = []
    if part.get("stackable") is False:
        said.append(_("If it gives points, no other rule does."))
    if part.get("group"):
        said.append(_only_one(str(part["group"]), names))
    return said


def _only_one(code: str, names: Names) -> str:
    """Of a group of rules one counts: by the group's name, or by its rules where it has none."""
    name = names.section("groups").get(code, "")
    if name and name != code:
        return _("Of the group “%(group)s” only one counts.") % {"group": name}
    inside = names.in_group(code)
    if not 1 < len(inside) <= MOST_NAMED:
        return _("Of the group “%(group)s” only one counts.") % {"group": code}
    return _("Of %(rules)s only one counts.") % {"rules": listed(_quoted(one) for one in inside)}


def closing(part: Part, names: Names) -> list[str]:
    """The announced end of the programme."""
    said = _("Points are earned until the end of %(earning)s, and used until the end of %(redeeming)s.") % {
        "earning": names.moment(part.get("earning_until"), end=True),
        "redeeming": names.moment(part.get("redeeming_until"), end=True),
    }
    return [said, *filter(None, [policies.localised(part.get("text", ""), names.language)])]


def day_words(text: object, names: Names) -> str:
    """The day of an instant of the document."""
    at = instant(text)
    return date_format(at.astimezone(names.zone).date()) if at else words.moment(None)
