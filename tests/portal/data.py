"""A small programme with members who did things: what the portal's tests and screenshots look at.

Everything goes through the operations that the API calls, with dates of its own, so pages show what a shop would see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import time_machine
from django.db import transaction

from loyalty import clock, ledger, outbox, policies
from loyalty.ledger import House
from loyalty.models import Decision, Kind
from members import consent, enrolment, locks
from members.models import Member
from rewards import redemption, rules
from rewards.earning.receipts import Receipt
from rewards.earning.sales import record_sale

PROGRAMME: dict[str, Any] = {
    "loyalty": 1,
    "name": {"en": "Harbour Coffee", "ja": "港コーヒー"},
    "settings": {
        "currency": "JPY",
        "timezone": "Asia/Tokyo",
        "languages": ["ja", "en"],
        "earning": {"exclude": {"categories": ["gift_card"], "skus": [], "labels": []}},
        "expiry": {"kind": "rolling", "months": 12, "round_up_to": "month"},
    },
    "stores": [
        {"code": "nakameguro", "name": {"en": "Nakameguro shop", "ja": "中目黒店"}},
        {"code": "kamakura", "name": {"en": "Kamakura shop", "ja": "鎌倉店"}},
        {"code": "online", "name": {"en": "Online shop", "ja": "オンラインショップ"}},
    ],
    "reasons": [{"code": "goodwill", "name": {"en": "Goodwill", "ja": "お詫び"}}],
    "tiers": [
        {
            "group": "status",
            "metric": "spend",
            "window": {"kind": "lifetime"},
            "levels": [
                {"code": "regular", "from": "0", "name": {"en": "Regular", "ja": "レギュラー"}},
                {
                    "code": "silver",
                    "from": "30000",
                    "name": {"en": "Silver", "ja": "シルバー"},
                    "benefits": [{"en": "Free refill", "ja": "おかわり無料"}],
                },
                {
                    "code": "gold",
                    "from": "80000",
                    "name": {"en": "Gold", "ja": "ゴールド"},
                    "benefits": [{"en": "Points ×2", "ja": "ポイント2倍"}, {"en": "Free refill", "ja": "おかわり無料"}],
                },
                {
                    "code": "platinum",
                    "from": "150000",
                    "name": {"en": "Platinum", "ja": "プラチナ"},
                    "benefits": [{"en": "Free delivery, always", "ja": "送料いつでも無料"}],
                },
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
        },
        {
            "code": "gold-double",
            "name": {"en": "Gold ×2", "ja": "ゴールド会員 2倍"},
            "kind": "multiplier",
            "factor": "2",
            "of": ["base"],
            "when": {"all": [{"field": "member.tier", "op": "in", "value": ["gold", "platinum"]}]},
        },
        {
            "code": "online-bonus",
            "name": {"en": "Online bonus", "ja": "オンラインボーナス"},
            "kind": "fixed",
            "points": 30,
            "each": "sale",
            "pending": {"days": 14},
            "when": {"all": [{"field": "sale.channel", "op": "in", "value": ["online"]}]},
        },
    ],
    "rewards": [{"code": "pay", "kind": "pay_with_points", "block": 1, "value": "1"}],
}

Item = tuple[str, int]


@dataclass
class World:
    """The members the tests talk about."""

    ada: Member
    ben: Member
    eve: Member


def apply_programme() -> None:
    """Version 1, in force since long ago."""
    policies.apply(document=PROGRAMME, actor="test", valid_from=clock.now() - timedelta(days=2000))


def sell(
    member: Member,
    number: str,
    at: datetime,
    items: list[Item],
    *,
    store: str = "nakameguro",
    channel: str = "store",
    gift_card: int = 0,
) -> None:
    """One sale of items (name, yen), perhaps with a gift card that earns nothing."""
    lines = [
        rules.Line(number=i, amount_minor=amount, name=name, sku=f"S{i}", category="goods")
        for i, (name, amount) in enumerate(items, 1)
    ]
    if gift_card:
        lines.append(
            rules.Line(number=len(lines) + 1, amount_minor=gift_card, name="ギフトカード", category="gift_card")
        )
    basket = rules.Basket(lines=tuple(lines), occurred_at=at, currency="JPY", store=store, channel=channel)
    receipt = Receipt(
        store=policies.store(store),
        number=number,
        basket=basket,
        total_minor=sum(line.amount_minor for line in lines),
    )
    with time_machine.travel(at), transaction.atomic():
        record_sale(receipt=receipt, member={"id": member.pk}, actor="key:till-3")


def adjust(member: Member, points: int, reference: str, *, at: datetime, reason: str = "goodwill") -> None:
    """Points by hand, with the decision that holds the reason."""
    with time_machine.travel(at), transaction.atomic():
        account = locks.lock(id=member.pk).account
        decision = Decision.objects.create(
            account=account,
            kind="adjustment",
            programme_version=policies.current().version,
            points=points,
            body={"reason": reason},
        )
        ledger.post(
            account=account,
            kind=Kind.ADJUST,
            house=House.ADJUSTED,
            points=points,
            reference=reference,
            actor="staff:cleo",
            decision=decision,
            allow_debt=True,
        )


def build() -> World:
    """Ada (佐藤 美咲) with a year of life, Ben who owes points, Eve who joined a moment ago.

    Each thing is done at its own time, so that expiries fall between them as they would.
    """
    apply_programme()
    now = clock.now()

    def ago(days: int, hours: int = 0) -> datetime:
        return now - timedelta(days=days, hours=hours)

    agreed = [consent.Choice("marketing", "email", given=True)]
    with time_machine.travel(ago(420)):
        ada = enrolment.enrol(
            name="佐藤 美咲",
            email="misaki@example.jp",
            phone="+819012344417",
            card="9801234567890128",
            language="ja",
            consents=agreed,
            actor="key:till-3",
        )
    with time_machine.travel(ago(90)):
        ben = enrolment.enrol(name="Ben Okri", email="ben@example.com", language="en", actor="staff:cleo")
    eve = enrolment.enrol(name="Eve Adeyemi", email="eve@example.com", language="en", actor="member")
    sell(ada, "N1-0001", ago(400), [("深煎り ケニア 200g", 9_800)])
    sell(ada, "K1-0188", ago(345), [("手挽きミル", 23_400), ("ドリッパー", 2_800)], store="kamakura")
    sell(ada, "N1-0302", ago(300), [("エスプレッソマシン", 49_800)])
    sell(ada, "W-20931", ago(120), [("定期便 6か月", 18_600)], store="online", channel="online")
    sell(ada, "N1-0390", ago(40), [("深煎り ケニア 200g", 980)])
    adjust(ada, 50, "adjust:one", at=ago(38))
    with time_machine.travel(ago(20)), transaction.atomic():
        redemption.redeem(
            member={"id": ada.pk},
            points=120,
            actor="key:till-3",
            settle=True,
            store=policies.store("nakameguro"),
        )
    sell(ada, "K1-0421", ago(12), [("器市の湯のみ", 4_300)], store="kamakura")
    sell(ada, "W-21044", ago(5), [("ドリップバッグ 12袋", 2_400)], store="online", channel="online")
    sell(ada, "N1-0416", ago(3), [("キャンディ", 80)])
    sell(ada, "N1-0418", ago(0, 1), [("深煎り ケニア 200g", 900), ("ペーパーフィルター", 300)], gift_card=3_000)
    sell(ben, "N1-0200", ago(60), [("マグ", 4_000)])
    adjust(ben, -160, "adjust:two", at=ago(2))
    outbox.drain()
    return World(ada=Member.objects.get(pk=ada.pk), ben=Member.objects.get(pk=ben.pk), eve=eve)
