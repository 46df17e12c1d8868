"""Every reason the engine can give has words, for staff and for members, in both languages."""

import re
from pathlib import Path

import pytest
from django.utils import translation

from members.admin import vocabulary
from rewards.portal import words
from rewards.rules.conditions import FIELDS

RULES = Path(__file__).resolve().parents[2] / "rewards" / "rules"
SOURCE = "".join(path.read_text() for path in RULES.glob("*.py"))
OF_RULES = {
    *(why for why in re.findall(r'Failure\("([a-z_]*)"', SOURCE) if why),
    *re.findall(r'why="([a-z_]+)"', SOURCE),
    *(name.rpartition(".")[2] for name in FIELDS),
}
OF_LINES = {"voided", "gift_card_load", "shipping", "fee", "excluded_category", "excluded_sku", "excluded_label"}
CAPS = {*re.findall(r'\("(per_[a-z]+|total)", caps', SOURCE), *re.findall(r'append\(\("([a-z]+)", campaign', SOURCE)}
REFUSED = {
    "duplicate_receipt", "duplicate_activity", "in_the_future", "too_old", "wrong_currency", "store_not_found",
    "line_not_found", "lines_do_not_add_up", "tenders_do_not_add_up", "reward_not_available", "member_closed",
    "insufficient_points", "redemption_settled", "redemption_cancelled", "hold_expired",
}  # fmt: skip


def test_the_lists_are_what_the_engine_says():
    """A control: names of each sort are found in its source."""
    assert {"budget", "control_group", "audience", "weekday", "no_line", "tier", "campaign_window"} <= OF_RULES
    assert {"per_sale", "per_day", "per_member", "total", "budget"} == CAPS
    assert len(OF_RULES) > 35


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_reason_has_words_for_staff_and_members(language):
    with translation.override(language):
        said = [(why, vocabulary.reason(why)) for why in OF_RULES | OF_LINES]
        said += [(why, str(words.RULES.get(why, ""))) for why in OF_RULES]
        said += [(why, str(words.LINES.get(why, ""))) for why in OF_LINES]
        said += [(cap, vocabulary.cap(cap)) for cap in CAPS] + [(cap, str(words.CAPS.get(cap, ""))) for cap in CAPS]
        said += [(code, vocabulary.refusal(code)) for code in REFUSED]
        otherwise = vocabulary.reason("shoe_size")
    assert "shoe size" in otherwise
    for why, text in said:
        assert text and text != why and "did not hold: " not in text, why
        japanese = re.search("[぀-ヿ一-鿿]", text)
        assert bool(japanese) is (language == "ja"), (why, text)
