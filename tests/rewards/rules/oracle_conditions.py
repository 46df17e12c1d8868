"""The oracle's reading of conditions, selections and campaigns (CONTRACT Meaning 10); no code of the engine's."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal


def selected(line, selection):
    """Any one match selects."""
    labels = line.get("labels", [])
    return (
        line.get("sku", "") in selection.get("skus", [])
        or line.get("category", "") in selection.get("categories", [])
        or any(label in selection.get("labels", []) for label in labels)
        or any(label == f"brand:{brand}" for label in labels for brand in selection.get("brands", []))
    )


def holds(condition, case):
    """Whether rows under all/any hold; nothing said always holds."""
    if not condition:
        return True
    if "field" in condition:
        return row_holds(condition, case)
    every = all(holds(part, case) for part in condition.get("all", []))
    some = any(holds(part, case) for part in condition["any"]) if "any" in condition else True
    return every and some


def row_holds(row, case):
    name, op, wanted = row["field"], row.get("op", "="), row["value"]
    value = segments_of(wanted, case) if name == "member.segment" else read(name, case)
    if name in MONEY:
        wanted = [Decimal(one) for one in wanted] if isinstance(wanted, list) else Decimal(wanted)
    if value is None:
        return op in ("!=", "not_in")
    if op in ("in", "any_of", "not_in", "all_of"):
        values = value if isinstance(value, set) else {value}
        if op == "all_of":
            return bool(wanted) and all(one in values for one in wanted)
        found = any(one in values for one in wanted)
        return not found if op == "not_in" else found
    if isinstance(value, set):
        return (wanted in value) == (op == "=")
    return {
        "=": value == wanted,
        "!=": value != wanted,
        "<": value < wanted,
        "<=": value <= wanted,
        ">": value > wanted,
        ">=": value >= wanted,
    }[op]


def segments_of(asked, case):
    """Which of these segments the member is in."""
    asked = asked if isinstance(asked, list) else [asked]
    described = {s["code"]: {k: s[k] for k in ("all", "any") if k in s} for s in case.document.get("segments", [])}
    return {code for code in asked if code in described and holds(described[code], case)}


MONEY = {"basket.amount", "basket.amount_without_tax", "member.spend", "member.average_basket"}


def read(name, case):
    member, local = case.member, case.sale["at"].astimezone(case.zone)
    if name.startswith("member.attribute."):
        return member.get("attributes", {}).get(name.removeprefix("member.attribute."))
    if name.startswith("basket."):
        return of_basket(name, case)
    if name.startswith("sale."):
        return of_sale(name, case)
    if name == "member.average_basket":
        return member["spend"] / member["purchases"] if member.get("purchases") else None
    if name in ("member.age_days", "member.last_sale_days"):
        since = member.get({"member.age_days": "enrolled", "member.last_sale_days": "last_sale"}[name])
        return None if since is None else (local.date() - since.astimezone(case.zone).date()).days
    return {
        "time.weekday": local.isoweekday(),
        "time.hour": local.hour,
        "time.date": local.date().isoformat(),
        "member.tier": set(member.get("tiers", [])),
        "member.plan": set(member.get("plans", [])),
        "member.birthday_month": member.get("birthday_month"),
        "member.purchases": member.get("purchases", 0),
        "member.visits": member.get("purchases", 0),
        "member.spend": member.get("spend", Decimal(0)),
    }[name]


def of_basket(name, case):
    sold = [case.lines[n] for n in case.lines if case.sold(n)]
    if name in ("basket.amount", "basket.amount_without_tax"):
        left = case.discounted("all")
        if name == "basket.amount":
            return sum(left.values())
        tax = sum(
            Decimal(line.get("tax", "0")) * left[n] / Decimal(line["amount"])
            for n, line in case.lines.items()
            if Decimal(line["amount"])
        )
        coins = (tax / case.unit + Decimal("0.5")).to_integral_value(ROUND_FLOOR)
        return sum(left.values()) - coins * case.unit
    return {
        "basket.quantity": sum(
            (Decimal(line.get("quantity", 1)) for line in sold if line.get("kind", "item") == "item"), Decimal(0)
        ),
        "basket.skus": {line["sku"] for line in sold if line.get("sku")},
        "basket.categories": {line["category"] for line in sold if line.get("category")},
        "basket.labels": {label for line in sold for label in line.get("labels", [])},
        "basket.brands": {label[6:] for line in sold for label in line.get("labels", []) if label.startswith("brand:")},
        "basket.currency": case.currency,
    }[name]


def of_sale(name, case):
    if name == "sale.tenders":
        return {tender["kind"] for tender in case.sale.get("tenders", [])}
    return case.sale.get(name.removeprefix("sale."), "store" if name == "sale.channel" else "")


def campaign_in_force(case, campaign):
    """Its window, days, hours, stores, audience, control group and budget."""
    if not campaign.get("enabled", True):
        return False
    at, window = case.sale["at"], campaign.get("window", {})
    if window.get("from") and at < datetime.fromisoformat(window["from"]):
        return False
    if window.get("until") and at >= datetime.fromisoformat(window["until"]):
        return False
    if not right_time(at.astimezone(case.zone), window):
        return False
    places = campaign.get("stores", []), campaign.get("store_groups", [])
    here = of_sale("sale.store", case) in places[0] or of_sale("sale.store_group", case) in places[1]
    if (places[0] or places[1]) and not here:
        return False
    if not holds(campaign.get("audience"), case):
        return False
    bucket = case.member.get("bucket")
    if bucket is not None and bucket < campaign.get("control_percent", 0) * 100:
        return False
    limit = budget(case, campaign)
    return limit is None or granted(case, f"campaign:{campaign['code']}")[2] < limit


def right_time(local, window):
    days = window.get("weekdays") or [1, 2, 3, 4, 5, 6, 7]
    if "hours" not in window:
        return local.isoweekday() in days
    begin, end = (60 * int(text[:2]) + int(text[3:]) for text in window["hours"])
    minute = 60 * local.hour + local.minute
    if begin < end:
        return begin <= minute < end and local.isoweekday() in days
    if minute >= begin:
        return local.isoweekday() in days
    yesterday = datetime.combine(local.date() - timedelta(days=1), time.min)
    return minute < end and yesterday.isoweekday() in days


def budget(case, campaign):
    """In points: the smaller of points and money, money at the value of a point."""
    said = campaign.get("budget", {})
    limits = [] if said.get("points") is None else [said["points"]]
    if said.get("money") is not None:
        settings = case.document["settings"]
        if "point_value" in settings:
            value = Decimal(settings["point_value"])
            limits.append(int(Decimal(said["money"]) / value))
        else:
            pay = next(one for one in case.document["rewards"] if one["kind"] == "pay_with_points")
            limits.append(int(Decimal(said["money"]) * pay["block"] / Decimal(pay["value"])))
    return min(limits, default=None)


def granted(case, key):
    """(today, this member, all members) so far."""
    return case.member.get("granted", {}).get(key, (0, 0, 0))
