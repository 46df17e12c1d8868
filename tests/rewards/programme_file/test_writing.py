"""Canonical text and comparison."""

from __future__ import annotations

from rewards import programme_file
from rewards.programme_file import Change, canonical, compare, read

from .programmes import CONTRACT, SMALL, small


def test_canonical_text_says_the_same_and_says_it_always_in_the_same_way():
    document = read(CONTRACT.read_text(encoding="utf-8")).document
    text = canonical(document)
    assert read(text).document == document
    assert canonical(read(text).document) == text
    shuffled = dict(reversed(document.items()))
    shuffled["settings"] = dict(reversed(document["settings"].items()))
    shuffled["rules"] = [dict(reversed(rule.items())) for rule in document["rules"]]
    assert canonical(shuffled) == text


def test_canonical_text_reads_as_people_write():
    assert canonical(small(name={"en": "Records", "ja": "レコード"})) == (
        "loyalty: 1\n"
        "name: {en: Records, ja: レコード}\n"
        "settings: {currency: USD, timezone: UTC, languages: [en, ja]}\n"
        "\n"
        "stores:\n"
        "  - {code: main, name: Main, group: town}\n"
        "\n"
        "tiers:\n"
        "  - group: status\n"
        "    metric: spend\n"
        "    window: {kind: lifetime}\n"
        "    levels:\n"
        '      - {code: silver, from: "100"}\n'
        '      - {code: gold, from: "500"}\n'
        "\n"
        "rules:\n"
        '  - {code: base, kind: per_amount, points: 1, per: "1"}\n'
    )


def test_texts_that_would_be_read_as_something_else_are_quoted():
    odd = ["null", "true", "~", "1", "0x1F", "1e3", "-", "a: b", "a #b", " x", "x ", "", "'", '"', "{", "[a]", "@x",
           "%x", "&a", "*a", "!t", "|", ">", "?", "no", "12:30", "2026-12-01", "a\nb", "a\tb", "\u00a0", "\u3000",
           "\u200b", "日本",
           "名: 前", "ー", "…", "£1", ".inf", "+1", "a,b", "a]", "\x85", "\U0001f600", "\ufeffx"]  # fmt: skip
    document = {"loyalty": 1, "x": odd, "y": {text or "empty": 1 for text in odd}}
    assert read(canonical(document)).document == document


def test_a_comparison_names_every_object_and_value_that_changed():
    other = small(
        name="Discs",
        rules=[{**SMALL["rules"][0], "points": 2}, {"code": "new", "kind": "per_visit", "points": 5}],
        tiers=[{**SMALL["tiers"][0], "levels": [{"code": "gold", "from": "400"}]}],
    )
    del other["stores"]
    assert compare(SMALL, other) == [
        Change("changed", "name", "", "name", "Records", "Discs"),
        Change("removed", "stores", "main", "stores[0]", SMALL["stores"][0], None),
        Change("changed", "tiers", "status", "tiers[0].levels[0].from", "500", "400"),
        Change("changed", "tiers", "status", "tiers[0].levels[0]", {"code": "silver", "from": "100"}, None),
        Change("changed", "rules", "base", "rules[0].points", 1, 2),
        Change("added", "rules", "new", "rules[1]", None, {"code": "new", "kind": "per_visit", "points": 5}),
    ]
    assert compare(SMALL, small(tiers=list(reversed(SMALL["tiers"])))) == []
    assert programme_file.digest(SMALL) == programme_file.digest(dict(reversed(SMALL.items())))
