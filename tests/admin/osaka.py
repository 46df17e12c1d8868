"""A programme with stores in Osaka and Tokyo, in yen, with a few members who buy there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction

from loyalty import clock, policies
from loyalty.models import Programme
from members.enrolment import enrol
from rewards import rules
from rewards.earning import Receipt, record_sale

DOCUMENT = {
    "loyalty": 1,
    "name": {"en": "Naniwa Club", "ja": "なにわクラブ"},
    "settings": {"currency": "JPY", "timezone": "Asia/Tokyo", "languages": ["en", "ja"]},
    "stores": [
        {"code": "umeda", "name": {"en": "Umeda", "ja": "梅田店"}, "group": "osaka"},
        {"code": "namba", "name": {"en": "Namba", "ja": "難波店"}, "group": "osaka"},
        {"code": "ginza", "name": {"en": "Ginza", "ja": "銀座店"}, "group": "tokyo"},
    ],
    "tiers": [
        {
            "group": "status",
            "metric": "spend",
            "window": {"kind": "lifetime"},
            "start": "at_once",
            "end": {"kind": "with_metric"},
            "levels": [
                {"code": "bronze", "from": "0", "name": {"en": "Bronze", "ja": "ブロンズ"}},
                {"code": "silver", "from": "10000", "name": {"en": "Silver", "ja": "シルバー"}},
                {"code": "gold", "from": "30000", "name": {"en": "Gold", "ja": "ゴールド"}},
            ],
        }
    ],
    "rules": [
        {
            "code": "base",
            "name": {"en": "1 point per ¥100", "ja": "100円で1ポイント"},
            "kind": "per_amount",
            "points": 1,
            "per": "100",
        }
    ],
}
TUESDAY = datetime(2026, 11, 10, 3, tzinfo=UTC)


def shop() -> Programme:
    """The programme applied, and three members who bought on some Tuesdays and Wednesdays."""
    programme = policies.apply(document=DOCUMENT, actor="system:test")
    for name, spends in {
        "Ada Lovelace": [12_000, 3_000],
        "Ben Bitdiddle": [4_000],
        "Chiyo Sato": [40_000, 2_000, 0, 0, 0, 0, 0, 6_500],
    }.items():
        first = name.split()[0].lower()
        member = enrol(
            name=name,
            email=f"{first}@example.com",
            store=policies.store("umeda"),
            actor="key:Till",
            occurred_at=clock.now() - timedelta(days=90),
        )
        for i, spend in enumerate(spends):
            if not spend:
                continue
            line = rules.Line(number=1, sku="BEANS", name="Beans", category="coffee", amount_minor=spend)
            store = policies.store("umeda" if i % 7 == 0 else "ginza")
            basket = rules.Basket(
                lines=(line,),
                occurred_at=TUESDAY + timedelta(days=i),
                currency="JPY",
                store=store.code,
                store_group=store.group,
            )
            receipt = Receipt(store=store, number=f"{first}-{i}", basket=basket, total_minor=spend)
            with transaction.atomic():
                record_sale(receipt=receipt, member={"id": member.pk}, actor="key:Till")
    return programme
