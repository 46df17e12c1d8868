"""Reasons on staff pages name days, tiers and stores as the reader does; factors are written out."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse
from django.utils import translation

from members.admin import reasons
from rewards.admin.programme import sentences
from rewards.admin.programme.naming import Names, factor
from rewards.models import Draft

from . import osaka
from .test_programme_pages import began, fields, marketer, milo, programme  # noqa: F401
from .test_programme_problems import SOUND, errors

ROWS = [
    (
        {"why": "weekday", "wanted": "thu, fri", "was": "tue"},
        "another day of the week (wanted Thursday, Friday, was Tuesday)",
        "曜日が違います（条件 木曜日、金曜日、実際 火曜日）",
    ),
    (
        {"why": "audience", "field": "member.tier", "wanted": "gold", "was": "silver"},
        "the member is not in the audience: another tier (wanted Gold, was Silver)",
        "対象の会員ではありません：ランクが違います（条件 ゴールド、実際 シルバー）",
    ),
    (
        {"why": "audience", "field": "member.tier", "wanted": "gold", "was": ""},
        "the member is not in the audience: another tier (wanted Gold, was no tier)",
        "対象の会員ではありません：ランクが違います（条件 ゴールド、実際 ランクなし）",
    ),
    (
        {"why": "tier", "wanted": "not_in gold, silver", "was": "gold"},
        "another tier (wanted none of Gold, Silver, was Gold)",
        "ランクが違います（条件 ゴールド、シルバー以外、実際 ゴールド）",
    ),
    (
        {"why": "store_group", "wanted": "osaka", "was": ""},
        "another group of stores (wanted the Osaka stores, was no group of stores)",
        "別の店舗グループ（条件 Osakaグループの店舗、実際 店舗グループなし）",
    ),
    (
        {"why": "store", "wanted": "osaka, umeda", "was": "ginza"},
        "another store (wanted the Osaka stores, Umeda, was Ginza)",
        "店舗が違います（条件 Osakaグループの店舗、梅田店、実際 銀座店）",
    ),
    (
        {"why": "amount", "wanted": ">= 3000", "was": "1200"},
        "another amount of the basket (wanted at least ¥3,000, was ¥1,200)",
        "お買い上げ金額が条件と違います（条件 ¥3,000以上、実際 ¥1,200）",
    ),
    (
        {"why": "birthday_month", "wanted": "true", "was": "false"},
        "not the month of the birthday",
        "誕生月ではありません",
    ),
    ({"why": "group", "by": "base"}, "another rule of its group counted: 1 point per ¥100", "100円で1ポイント"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("row", "english", "japanese"), ROWS)
def test_reasons_name_things_as_the_reader_does(row, english, japanese):
    said = {}
    for language in ("en", "ja"):
        with translation.override(language):
            said[language] = reasons.words_of(row, reasons.Called(language, osaka.DOCUMENT))
    assert said["en"] == english
    assert japanese in said["ja"] and not re.search(r"\b(thu|fri|tue|gold|silver|umeda|none|true)\b", said["ja"])


def test_a_rule_without_a_name_bears_its_campaign_s():
    document = {"campaigns": [{"code": "c", "name": {"en": "Tuesdays"}, "rules": [{"code": "c-rule"}]}]}
    called = reasons.Called("en", document)
    assert called.rule({"rule": "c-rule"}) == "Tuesdays" and called.rule({"campaign": "c"}) == "Tuesdays"
    assert called.rule({"rule": "gone"}) == "gone"


def test_the_test_basket_says_the_day_it_wants(marketer):  # noqa: F811
    address = began(marketer)
    form = fields(marketer.get(address)) | SOUND | {"audience.0.value": ["gold"]}
    form |= {"try.who": ["tier:gold"], "try.at": ["2026-12-02T12:00"], "try.line.0.amount": ["500"], "do": ["look"]}
    text = html.unescape(marketer.post(address, form).content.decode())
    assert "another day of the week (wanted Tuesday, was Wednesday)" in text
    japanese = marketer.post(address, form, headers={"accept-language": "ja"})
    assert "（条件 火曜日、実際 水曜日）" in html.unescape(japanese.content.decode())


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("2", "2"),
        ("1.50", "1.5"),
        ("1000000", "1,000,000"),
        ("0", "0"),
        ("0.000001", "0.000001"),
        ("x", "x"),
        ("", "…"),
    ],
)
def test_a_factor_is_written_out(typed, shown):
    assert factor(typed) == shown


def test_no_points_at_all_is_warned_of(marketer):  # noqa: F811
    address = began(marketer)
    form = fields(marketer.get(address)) | SOUND | {"rules.0.factor": ["0"]}
    page = marketer.post(address, form | {"do": ["look"]})
    assert errors(page) == [
        ("rules-0-factor", "Zero times the points: nobody gets any points of what this multiplies.")
    ]
    marketer.post(address, form | {"do": ["save"]})
    review = marketer.get(reverse("admin:draft_review", args=[Draft.objects.get().pk])).content.decode()
    assert '<li class="warn">' in review and "Zero times the points" in review, "a hint: it can be published"
    assert errors(marketer.post(address, form | {"rules.0.factor": ["0.5"], "do": ["look"]})) == []


def test_groups_without_a_name_read_naturally():
    document = {
        **osaka.DOCUMENT,
        "rules": [
            {"code": "a", "name": {"en": "Saturdays"}, "group": "weekend"},
            {"code": "b", "name": {"en": "Sundays"}, "group": "weekend"},
        ],
    }
    names = Names(document)
    said = sentences.rule({"kind": "per_visit", "points": 1, "group": "weekend"}, names)
    assert "Of “Saturdays” and “Sundays” only one counts." in said
    where = {"all": [{"field": "sale.store_group", "op": "in", "value": ["osaka"]}]}
    assert sentences.condition(where, names) == "the store is one of the Osaka stores"
    named = Names({**document, "groups": [{"code": "weekend", "name": {"en": "Weekend"}}]})
    assert "Of the group “Weekend” only one counts." in sentences.rule({"kind": "per_visit", "group": "weekend"}, named)
