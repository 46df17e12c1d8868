"""What members are told: once, in their language, and by the ways they chose."""

import uuid
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction

from loyalty import clock, ledger, outbox, policies
from loyalty.models import Account, Decision, Fact, Kind
from members import channels, delivery, notifications
from members.models import Consent, Identity, Member, Message, Profile

PROGRAMME = {
    "loyalty": 1,
    "name": {"en": "Harbour Coffee", "ja": "港コーヒー"},
    "settings": {"currency": "JPY", "timezone": "Asia/Tokyo", "languages": ["ja", "en"]},
    "stores": [{"code": "main", "name": "Main"}],
    "rules": [
        {"code": "base", "kind": "per_amount", "points": 1, "per": "100"},
        {
            "code": "double",
            "kind": "multiplier",
            "factor": "2",
            "when": {"all": [{"field": "member.tier", "op": "in", "value": ["gold"]}]},
        },
    ],
    "tiers": [
        {
            "group": "status",
            "metric": "spend",
            "window": {"kind": "lifetime"},
            "levels": [
                {"code": "bronze", "from": "0", "name": {"en": "Bronze", "ja": "ブロンズ"}},
                {"code": "silver", "from": "1000", "name": {"en": "Silver", "ja": "シルバー"}},
                {
                    "code": "gold",
                    "from": "2000",
                    "name": {"en": "Gold", "ja": "ゴールド"},
                    "benefits": [{"en": "Free refill", "ja": "おかわり無料"}],
                },
            ],
        }
    ],
}
NOON = clock.now().replace(year=2026, month=11, day=22, hour=3, minute=0, second=0, microsecond=0)


@pytest.fixture
def programme(db):
    return policies.apply(document=PROGRAMME, actor="test")


def join(name, *, email="", language="en", status=Member.Status.ACTIVE):
    member = Member.objects.create(account=Account.objects.create(), status=status)
    Profile.objects.create(member=member, name=name, language=language)
    if email:
        Identity.objects.create(member=member, kind=Identity.Kind.EMAIL, value=email)
    return member


@pytest.fixture
def ada(programme):
    return join("Ada Lovelace", email="ada@example.com")


@pytest.fixture
def ben(programme):
    return join("勉", email="ben@example.com", language="ja-JP")


def tell(member, name, at=None, **payload):
    with transaction.atomic():
        outbox.record(
            name,
            account=member.account_id,
            payload={"member": str(member.pk), **payload},
            occurred_at=at or clock.now(),
        )


def earn(member, points, at=None):
    tell(member, "points.earned", at, sale=str(uuid.uuid4()), entry=str(uuid.uuid4()), points=points, decision=None)


def test_a_new_member_is_welcomed_in_the_inbox_and_by_mail(ada, ben):
    tell(ada, "member.enrolled")
    tell(ben, "member.enrolled")
    outbox.drain()
    inbox, letter = ada.messages.order_by("-channel")
    assert (inbox.channel, inbox.status, inbox.subject) == ("inbox", "sent", "Welcome to Harbour Coffee")
    assert inbox.text.startswith("Hello Ada Lovelace,\n\nYour membership of Harbour Coffee is open.")
    assert (letter.channel, letter.status, letter.text) == ("email", "queued", inbox.text)
    assert "<p>Hello Ada Lovelace,</p>" in letter.html
    assert {message.subject for message in ben.messages.all()} == {"港コーヒーへようこそ"}
    assert ben.messages.first().text.startswith("勉 様\n\n港コーヒーの会員になりました。")


def sale(member, points, at=None):
    """Points of a purchase with entry and decision, as the ledger and the rules write them."""
    decision = Decision.objects.create(
        account=member.account,
        kind="sale",
        programme_version=1,
        points=points,
        body={"tier_used": "gold", "rules": [{"rule": "base", "points": 17}, {"rule": "double", "factor": "2"}]},
    )
    with transaction.atomic():
        entry = ledger.post(
            account=ledger.lock(member.account_id)[0],
            kind=Kind.EARN,
            house=ledger.House.ISSUED,
            points=points,
            reference=f"sale:{uuid.uuid4()}",
            actor="test",
            decision=decision,
            grants=[ledger.Grant(points, clock.now(), None)],
        )
        tell(
            member,
            "points.earned",
            at,
            sale=str(uuid.uuid4()),
            entry=str(entry.pk),
            points=points,
            decision=str(decision.pk),
        )


def test_earned_points_are_told_with_their_reason_and_the_balance(ada, ben, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    sale(ada, 1)
    sale(ada, 1034)
    sale(ben, 34)
    outbox.drain()
    told = Message.objects.filter(channel="inbox").order_by("member", "id").values_list("subject", "text")
    assert list(told) == [
        (
            "1 point earned",
            "1 point for your purchase on 22 Nov: 17 base, ×2 Gold.\nYour balance after it: 1 point.\n",
        ),
        (
            "1,034 points earned",
            "1,034 points for your purchase on 22 Nov: 17 base, ×2 Gold.\nYour balance after it: 1,035 points.\n",
        ),
        (
            "34 ポイントが付きました",
            "11月22日のお買い物で 34 ポイントが付きました（基本 17 × ゴールド 2倍）。\n残高：34 ポイント\n",
        ),
    ]
    letter = ben.messages.get(channel="email")
    assert "（基本 17 × ゴールド 2倍）。</p>" in letter.html


def test_points_without_a_purchase_are_told_without_one(ada, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    tell(ada, "points.earned", sale=None, entry=None, points=20, decision=None)
    outbox.drain()
    assert ada.messages.get(channel="inbox").text == "20 points on 22 Nov.\n"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("", "bronze", False),  # everybody starts there
        ("bronze", "gold", True),
        ("", "silver", True),
        ("gold", "silver", False),
        ("silver", "retired", False),
    ],
)
def test_a_reached_tier_is_told_and_a_lost_one_is_not(ada, before, after, told):
    tell(ada, "tier.changed", group="status", before=before, after=after, decision=None)
    outbox.drain()
    assert ada.messages.filter(channel="inbox").exists() == told


def test_the_tier_message_names_the_benefits(ben):
    tell(ben, "tier.changed", group="status", before="silver", after="gold", decision=None)
    outbox.drain()
    message = ben.messages.get(channel="inbox")
    assert message.subject == "ランクがゴールドになりました"
    assert message.text.endswith("このランクの特典：\n・おかわり無料\n")


def test_a_fact_handled_twice_tells_once(ada):
    tell(ada, "member.enrolled")
    outbox.drain()
    Fact.objects.update(handled_at=None)
    outbox.drain()
    assert ada.messages.count() == 2


def test_facts_older_than_a_week_are_history_and_send_nothing(ada):
    earn(ada, 10, clock.now() - timedelta(days=7, seconds=1))
    earn(ada, 20, clock.now() - timedelta(days=6))
    outbox.drain()
    told = ada.messages.order_by("id").values_list("channel", "subject", "status")
    assert list(told) == [
        ("inbox", "10 points earned", "sent"),
        ("inbox", "20 points earned", "sent"),
        ("email", "20 points earned", "queued"),
    ]


def test_no_mail_to_whoever_refused_it_or_has_no_address(ada, programme):
    Consent.objects.create(member=ada, purpose="service", channel="email", given=True, source="member")
    Consent.objects.create(member=ada, purpose="service", channel="email", given=False, source="member")
    cleo = join("Cleo")
    for member in (ada, cleo):
        tell(member, "member.enrolled")
    outbox.drain()
    assert set(Message.objects.values_list("member", "channel")) == {(ada.pk, "inbox"), (cleo.pk, "inbox")}


@pytest.mark.parametrize("status", ["closed", "merged", "erased"])
def test_who_is_no_longer_a_member_is_told_nothing(programme, status):
    gone = join("Ada", email="ada@example.com", status=status)
    tell(gone, "member.enrolled")
    outbox.drain()
    assert Message.objects.count() == 0
    assert outbox.waiting()["waiting"] == 0


def test_a_letter_carries_its_message_id_and_is_sent_once(ada, mailoutbox):
    tell(ada, "member.enrolled")
    outbox.drain()
    letter = ada.messages.get(channel="email")
    assert [delivery.deliver(message_id=letter.pk) for _ in range(2)] == [1, 0]
    letter.refresh_from_db()
    assert (letter.status, letter.attempts, letter.error) == ("sent", 1, "")
    assert letter.sent_at is not None
    (sent,) = mail.outbox
    assert sent.to == ["ada@example.com"]
    assert sent.from_email == "Harbour Coffee <loyalty@localhost>"
    assert sent.message()["Message-ID"] == f"<{letter.pk}@localhost>"
    assert sent.message()["Content-Language"] == "en"


def test_the_letters_of_a_member_are_sent_in_order(ada, mailoutbox):
    for points in (1, 2, 3):
        earn(ada, points)
    outbox.drain()
    first, _, third = ada.messages.filter(channel="email").order_by("id")
    assert delivery.deliver(message_id=third.pk) == 0  # the earlier ones have not been tried yet
    assert delivery.deliver(message_id=first.pk) == 3
    assert [letter.subject[0] for letter in mail.outbox] == ["1", "2", "3"]


def test_a_claim_of_a_sender_that_died_runs_out(ada, mailoutbox, monkeypatch, settings):
    tell(ada, "member.enrolled")
    outbox.drain()
    claimed = delivery.claim()
    assert delivery.deliver_due() == 0
    late = clock.now() + timedelta(seconds=settings.MESSAGE_LEASE_SECONDS + 1)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert delivery.deliver_due() == 1
    assert mail.outbox[0].message()["Message-ID"].startswith(f"<{claimed.pk}@")
    assert Message.objects.get(pk=claimed.pk).attempts == 2


def test_a_provider_that_fails_is_tried_again_and_given_up_in_the_end(ada, monkeypatch, settings):
    settings.EMAIL_BACKEND = "tests.members.test_messages.Broken"
    tell(ada, "member.enrolled")
    outbox.drain()
    now = clock.now()
    for attempt in range(1, delivery.ATTEMPTS + 1):
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        assert delivery.deliver_due() == 0
        letter = ada.messages.get(channel="email")
        assert letter.attempts == attempt
        assert letter.error.startswith("ConnectionResetError at tests/members/test_messages.py:")
        assert delivery.claim() is None  # not before the pause is over
        now = letter.due_at
    assert letter.status == "failed"


class Broken:
    """A provider that drops the line, quoting the address."""

    def __init__(self, **_options):
        pass

    def send_messages(self, messages):
        raise ConnectionResetError(f"while sending to {messages[0].to}")


def test_an_address_that_was_removed_meanwhile_gets_nothing(ada, mailoutbox):
    tell(ada, "member.enrolled")
    outbox.drain()
    Identity.objects.filter(member=ada).update(retired_at=clock.now())
    assert delivery.deliver_due() == 0
    assert not mail.outbox
    assert ada.messages.get(channel="email").status == "failed"


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("J.R. O’Neill-Smith", "J.R. O’Neill-Smith"),
        ("Ada\r\nBcc: ben@example.com", ""),
        ("You won at evil.example", ""),
        ("https://evil", ""),
        ("call 0312345678", ""),
        ("A" * 61, ""),
    ],
)
def test_a_name_cannot_carry_a_letter_of_its_own(name, greeted):
    assert channels.greeting_name(name) == greeted


def test_a_name_is_shown_as_it_is_and_never_taken_for_a_template(programme):
    ada = join("{{ programme }} & “Ada”", email="ada@example.com")
    tell(ada, "member.enrolled")
    outbox.drain()
    letter = ada.messages.get(channel="email")
    assert "Hello {{ programme }} & “Ada”," in letter.text
    assert "Hello {{ programme }} &amp; “Ada”," in letter.html


@pytest.mark.parametrize(
    ("preferred", "language"), [("ja-JP", "ja"), ("en", "en"), ("fr", "ja"), ("", "ja"), ("EN-GB", "en")]
)
def test_a_member_reads_their_own_language_or_the_programmes_first(programme, preferred, language):
    assert notifications.language_for(preferred, policies.current()) == language
