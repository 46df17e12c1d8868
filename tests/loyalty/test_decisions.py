"""Why an entry moved points, in a few words."""

import pytest

from loyalty import decisions
from loyalty.models import Kind

DOCUMENT = {
    "tiers": [{"group": "status", "levels": [{"code": "gold", "name": {"en": "Gold", "ja": "ゴールド"}}]}],
    "rules": [
        {"code": "base", "kind": "per_amount", "name": {"en": "1 point per ¥100", "ja": "100円で1ポイント"}},
        {"code": "units", "kind": "per_unit", "name": {"en": "Per bottle", "ja": "1本ごと"}},
        {
            "code": "gold-double",
            "kind": "multiplier",
            "when": {"all": [{"any": [{"field": "member.tier", "op": "in", "value": ["gold"]}]}]},
        },
        {"code": "red-bonus", "kind": "fixed", "name": {"en": "Red week", "ja": "赤の週"}},
    ],
    "campaigns": [{"code": "tuesdays", "rules": [{"code": "tue", "kind": "multiplier", "name": "Tuesday"}]}],
}
BASE = {"rule": "base", "points": 17}
GOLD = {"rule": "gold-double", "points": 17, "factor": "2"}


@pytest.mark.parametrize(
    ("rules", "english", "japanese"),
    [
        ([BASE], "17 base", "基本 17"),
        ([BASE, GOLD], "17 base, ×2 Gold", "基本 17 × ゴールド 2倍"),
        (
            [BASE, GOLD, {"rule": "tue", "points": 17, "factor": "1.5"}],
            "17 base, ×2 Gold, ×1.5 Tuesday",
            "基本 17 × ゴールド 2倍 × Tuesday 1.5倍",
        ),
        (
            [BASE, {"rule": "units", "points": 3}],
            "17 1 point per ¥100, 3 Per bottle",
            "100円で1ポイント 17、1本ごと 3",
        ),
        ([BASE, {"rule": "red-bonus", "points": 200}], "17 base, 200 Red week", "基本 17、赤の週 200"),
        ([BASE, GOLD, {"rule": "red-bonus", "points": 0}], "17 base, ×2 Gold", "基本 17 × ゴールド 2倍"),
        ([{"rule": "forgotten", "points": 5}], "5 forgotten", "forgotten 5"),
        ([], "", ""),
    ],
)
def test_a_decision_reads_as_a_short_reason(rules, english, japanese):
    body = {"rules": rules, "tier_used": "gold"}
    for language, reason in (("en", english), ("ja", japanese)):
        assert decisions.reason(body, language, decisions.names(DOCUMENT, body, language)) == reason


@pytest.mark.parametrize(
    ("rules", "english", "japanese"),
    [
        ([BASE], "1 point per ¥100", "100円で1ポイント"),
        ([BASE, {"rule": "red-bonus", "points": 0}], "1 point per ¥100", "100円で1ポイント"),
        ([BASE, {"rule": "red-bonus", "points": 200}], "17 base, 200 Red week", "基本 17、赤の週 200"),
        ([{"rule": "forgotten", "points": 5}], "5 forgotten", "forgotten 5"),
    ],
)
def test_to_a_member_a_single_rule_is_given_by_its_own_name(rules, english, japanese):
    body = {"rules": rules, "tier_used": None}
    for language, reason in (("en", english), ("ja", japanese)):
        assert decisions.sentence(DOCUMENT, body, language) == reason


def test_a_multiplier_for_a_tier_that_was_not_used_bears_its_own_name():
    body = {"rules": [BASE, GOLD], "tier_used": None}
    assert decisions.reason(body, "en", decisions.names(DOCUMENT, body, "en")) == "17 base, ×2 gold-double"


def test_what_no_rule_explains_has_a_word_in_each_language():
    assert (decisions.word("expire", "en"), decisions.word("expire", "ja")) == ("Expired", "失効")
    for kind in Kind:
        assert decisions.word(kind, "en")
        assert decisions.word(kind, "ja") != decisions.word(kind, "en")
