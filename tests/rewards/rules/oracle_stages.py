"""The oracle's order of work: Meaning 1, 2 and 4."""

from __future__ import annotations

from decimal import Decimal, localcontext

from . import oracle_conditions as conditions
from .oracle import DIGITS, Rule, Sum, dealt

BASE, MULTIPLY, BONUS = 1, 2, 3


def work_out(document, sale, member):
    """What the sale earns.

    Of multipliers of which only the highest counts, those that limits cut step aside one by one: the one of which least
    is left, of several the last. Of all that comes of it the most counts, the first where it is as much.
    """
    with localcontext(DIGITS):
        tried = [in_stages(document, sale, member)]
        while tried[-1][2] and document.get("settings", {}).get("earning", {}).get("multipliers") == "highest":
            _, without, cut = tried[-1]
            least = min(left for left, _ in cut)
            aside = [code for left, code in cut if left == least][-1]
            tried.append(in_stages(document, sale, member, without | {aside}))
        return max(tried, key=lambda one: one[0].points)[0]


def in_stages(document, sale, member, without=frozenset()):
    """A rule that shut others out and is then left nothing by its limits steps aside: all once more without it.

    Also says which rules stepped aside, and which multipliers the limits cut.
    """
    case = Sum(document, sale, member)
    shut = case.shut = set()  # who shut somebody out; "" a multiplier that was the highest
    rules = in_order(document)
    applying = [rule for rule in rules if rule.code not in without and case.applies(rule)]
    base = [rule for rule in applying if rule.stage == BASE]
    for rule in base:
        case.give(rule)
    base = best_of_groups(base, document, shut)
    multipliers = multiply(case, [rule for rule in applying if rule.stage == MULTIPLY], base, document)
    bonuses = [rule for rule in applying if rule.stage == BONUS]
    for rule in bonuses:
        case.give(rule)
    given = base + multipliers + best_of_groups(bonuses, document, shut)
    alone = [rule for rule in given if not rule.said("stackable", True) and rule.total > 0]
    if alone:
        winner = min(alone, key=place)
        shut |= {winner.code} if len(given) > 1 else set()
        given = [winner]
    before = {rule.code: rule.total for rule in given}
    limit(case, given)
    emptied = {rule for rule in given if before[rule.code] > 0 and rule.total <= 0}
    aside = {r.code for r in emptied if r.code in shut or ("" in shut and r.stage == MULTIPLY)}
    if aside:
        return in_stages(document, sale, member, without | aside)
    cut = [(rule.total, rule.code) for rule in given if rule.stage == MULTIPLY and rule.total < before[rule.code]]
    return case.result(given), without, cut


def place(rule):
    """Highest priority first, then code."""
    return -rule.said("priority", 0), rule.code


def in_order(document):
    rules = [Rule(text, stage(text)) for text in document.get("rules", [])]
    for campaign in document.get("campaigns", []):
        rules += [Rule(text, stage(text), campaign) for text in campaign["rules"]]
    answering = [r for r in rules if r.text.get("enabled", True) and not r.text.get("trigger")]
    return sorted((r for r in answering if r.text["kind"] != "referral"), key=place)


def stage(text):
    if text["kind"] == "multiplier":
        return MULTIPLY
    early = text["kind"] in ("per_amount", "per_unit", "per_visit") or text.get("before_multipliers")
    return BASE if early else BONUS


def best_of_groups(rules, document, shut):
    """Of the rules of one group one counts, on what each would give."""
    picks = {group["code"]: group.get("pick", "best") for group in document.get("groups", [])}
    for name, pick in picks.items():
        rivals = [rule for rule in rules if rule.said("group", None) == name]
        earning = sorted((rule for rule in rivals if rule.total), key=place)
        if not earning or len(rivals) == 1:
            continue
        winner = earning[0]
        for rule in earning[1:]:
            better = {
                "best": rule.total > winner.total,
                "newest": began(rule) > began(winner),
                "priority": False,
            }[pick]
            winner = rule if better else winner
        shut.add(winner.code)
        rules = [rule for rule in rules if rule not in rivals or rule is winner]
    return rules


def began(rule):
    window = (rule.campaign or {}).get("window", {})
    return rule.text.get("from") or window.get("from") or ""


# Multipliers


def multiply(case, multipliers, base, document):
    multipliers = [m for m in multipliers if any(b.points.get(n, 0) for b in bases_of(m, base) for n in m.at)]
    for rule in multipliers:
        add(case, rule, {b.code: b.points for b in bases_of(rule, base)})
    multipliers = best_of_groups(multipliers, document, case.shut)
    how = case.earning.get("multipliers", "multiply")
    if how == "multiply":
        in_turn(case, multipliers, base)
    elif how == "highest":
        highest(case, multipliers, base)
    return multipliers


def bases_of(rule, base):
    of = rule.text.get("of", "all")
    return [b for b in base if of == "all" or b.code in of]


def add(case, rule, cells):
    """round((factor − 1) × points of its bases on its lines), dealt to the lines."""
    more = Decimal(rule.text["factor"]) - 1
    shares = [more * sum(points.get(n, 0) for points in cells.values()) for n in rule.at]
    case.settle(rule, sum(shares), shares)


def in_turn(case, multipliers, base):
    """Each also to what the ones before added; an addition belongs to its bases in proportion, in whole points."""
    now = {b.code: dict(b.points) for b in base}
    for rule in multipliers:
        of = [b.code for b in bases_of(rule, base)]
        add(case, rule, {code: now[code] for code in of})
        for n in rule.at:
            before = [now[code].get(n, 0) for code in of]
            if sum(before):
                shares = [Decimal(rule.points[n] * part) / sum(before) for part in before]
                for code, part in zip(of, dealt(rule.points[n], shares), strict=True):
                    now[code][n] = now[code].get(n, 0) + part


def highest(case, multipliers, base):
    """On the points of one base on one line only the highest factor counts."""
    won = {rule.code: {} for rule in multipliers}
    for b in base:
        for n, points in b.points.items():
            rivals = [m for m in multipliers if b in bases_of(m, base) and n in m.at]
            if rivals:
                winner = max(rivals, key=lambda m: Decimal(m.text["factor"]))  # the first among equals
                won[winner.code].setdefault(b.code, {})[n] = points
    for rule in multipliers:
        add(case, rule, won[rule.code])
        more = Decimal(rule.text["factor"]) - 1
        if more * sum(points for cells in won[rule.code].values() for points in cells.values()) == 0:
            case.shut.add("")


# Limits


def limit(case, given):
    for rule in reversed(given):
        for name, left in room(case, rule.text.get("caps"), rule.code):
            cut([rule], left, name)
    campaigns = {rule.campaign["code"]: rule.campaign for rule in given if rule.campaign}
    for code, campaign in campaigns.items():
        mine = [rule for rule in given if rule.campaign is campaign]
        key = f"campaign:{code}"
        for name, left in room(case, campaign.get("caps"), key):
            cut(mine, left, name)
        limit_points = conditions.budget(case, campaign)
        if limit_points is not None:
            left = max(limit_points - conditions.granted(case, key)[2], 0)
            fits = sum(max(rule.total, 0) for rule in mine) <= left
            cut(mine, left if fits or campaign["budget"].get("at_end", "partial") == "partial" else 0, "budget")
    for rule in reversed(given):  # nothing below zero on any line: the last that takes off gives in
        for n, points in rule.points.items():
            below = sum(other.points.get(n, 0) for other in given)
            if points < 0 and below < 0:
                rule.points[n] = min(points - below, 0)


def room(case, caps, key):
    """What each cap leaves."""
    today, member, total = conditions.granted(case, key)
    used = {"per_sale": 0, "per_day": today, "per_member": member, "total": total}
    return [(name, max(caps[name] - used[name], 0)) for name in used if (caps or {}).get(name) is not None]


def cut(rules, left, name):
    """Meaning 4: the rule worked out last first, and within it the last line first."""
    over = sum(max(rule.total, 0) for rule in rules) - left
    for rule in reversed(rules):
        for n in sorted(rule.points, reverse=True):
            while over > 0 and rule.points[n] > 0:
                step = min(over, rule.points[n])
                rule.points[n] -= step
                over -= step
