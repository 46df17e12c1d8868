"""A rule granted in error: who got what, taken back or left to members, once, and undone."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command

from loyalty import audit, ledger, roles, staff
from loyalty.errors import InvalidBody, OwnAccount
from loyalty.models import AuditRecord, Entry, Kind, Role
from members.models import Message
from rewards import corrections
from rewards.corrections import preparing
from rewards.models import Correction, CorrectionPart, RuleState, SharedCounter
from tests.rewards.conftest import apply, balance, settings_with

SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
RULES = [
    {"code": "base", "kind": "per_amount", "points": 1, "per": "1"},
    {
        "code": "wrong",
        "name": {"en": "Ten for nothing", "ja": "おまけ"},
        "kind": "per_amount",
        "points": 10,
        "per": "1",
    },
]


@pytest.fixture
def programme(db):
    apply(rules=RULES)


def hire(role: str, email: str = ""):
    return staff.create(
        email=email or f"{uuid.uuid4().hex}@staff.example", role=role, name="Cleo", password="x" * 14, actor="test"
    )


@pytest.fixture
def cleo(programme):
    return hire(Role.MARKETER)


@pytest.fixture
def dora(programme):
    return hire(Role.FINANCE)


def scope(**changes):
    return corrections.Scope(**{"rule": "wrong", "since": SINCE, "until": UNTIL, **changes})


def asked(user, scope_=None, correction=None) -> Correction:
    """A question that was counted."""
    found = corrections.look(correction=correction or uuid.uuid4(), scope=scope_ or scope(), user=user)
    assert corrections.count(correction=found.pk)
    found.refresh_from_db()
    return found


def totals(scope_=None) -> dict[str, int]:
    found = asked(hire(Role.MARKETER), scope_)
    counted = dict(found.totals)
    found.delete()
    return counted


def prepared(user, deed="take_back", **more) -> Correction:
    found = asked(user, more.pop("scope", None), more.pop("correction", None))
    return corrections.prepare(
        correction=found.pk,
        deed=deed,
        reason="The till sent the wrong labels",
        words={"en": "Sorry for the confusion.", "ja": "申し訳ありません。"},
        user=user,
    )


def done(user, deed="take_back", **more) -> Correction:
    found = prepared(user, deed, **more)
    corrections.start(correction=found.pk, content_hash=found.content_hash, user=user)
    assert corrections.work_off(correction=found.pk)
    found.refresh_from_db()
    return found


def below_zero(value: str, **more) -> None:
    apply(rules=RULES, settings=settings_with(adjustments={"below_zero": value, "second_person_over": 10**6, **more}))


def clean() -> None:
    call_command("check_books")


def test_the_preview_says_who_got_what_and_what_a_take_back_would_leave(till, ada, ben, dora):
    till.sell("10.00", "R-1")
    till.sell("5.00", "R-2")
    till.redeem(100, mode="settle")
    till.member = ben
    till.sell("1.00", "R-3")
    found = asked(dora)
    histogram = found.totals.pop("histogram")
    assert found.totals == {
        "members": 2, "owing": 2, "sales": 3, "granted": 160, "returned": 0, "settled": 0, "due": 160,
        "spent": 90, "waiting": 0, "missing": 85, "short_due": 150, "short": 1,
    }  # fmt: skip
    parts = found.parts.order_by("-due")
    assert [(part.granted, part.due, part.spent, part.waiting) for part in parts] == [(150, 150, 90, 0), (10, 10, 0, 0)]
    assert [(low, members) for low, _high, members in histogram] == [(10, 1), (20, 0), (50, 0), (100, 1)]


def test_it_is_narrowed_by_version_period_and_store(till, ada, cleo):
    at = datetime(2024, 5, 1, 12, tzinfo=UTC)
    till.sell("10.00", "R-1", occurred_at=at.isoformat())
    till.sell("10.00", "R-2", occurred_at=at.isoformat(), store="harbour")
    day = timedelta(days=1)
    assert totals(scope(since=at, until=at + day))["granted"] == 200
    assert totals(scope(since=at + day))["granted"] == 0
    assert totals(scope(until=at))["granted"] == 0
    harbour = Entry.objects.filter(store__code="harbour").first().store
    assert totals(scope(store=harbour))["granted"] == 100
    assert totals(scope(rule="base"))["granted"] == 20
    assert totals(scope(versions=(99,)))["members"] == 0


def test_a_take_back_takes_what_the_rule_gave_and_nothing_else(till, ada, ben, cleo):
    below_zero("refuse")
    till.sell("10.00", "R-1")
    lifetime = ledger.current(ada.account_id).lifetime_earned
    found = done(cleo)
    assert found.state == "done" and balance(ada)["total"] == 10
    entry = Entry.objects.get(kind=Kind.ADJUST)
    part = CorrectionPart.objects.get()
    assert (entry.points, entry.house, entry.reference) == (-100, "adjusted", f"adjust:{part.pk}")
    assert entry.decision.body["rules"] == [{"rule": "wrong", "points": -100}]
    assert ledger.current(ada.account_id).lifetime_earned == lifetime == 110
    letter = Message.objects.get(code="points-taken-back", channel="inbox")
    assert letter.subject == "100 points were taken back" and "Ten for nothing" in letter.text
    assert "Sorry for the confusion." in letter.text and "You now have 10 points." in letter.text
    acts = list(AuditRecord.objects.order_by("sequence").values_list("action", flat=True))
    assert acts[-3:] == ["correction.prepared", "correction.started", "correction.finished"]
    assert audit.verify().holds
    clean()


def test_however_often_it_is_sent_it_happens_once(till, ada, cleo):
    below_zero("refuse")
    till.sell("10.00", "R-1")
    key = uuid.uuid4()
    first, second = prepared(cleo, correction=key), prepared(cleo, correction=key)
    assert first == second and Correction.objects.count() == 1
    for _ in range(3):
        corrections.start(correction=key, content_hash=first.content_hash, user=cleo)
        assert corrections.work_off(correction=key)
    assert balance(ada)["total"] == 10 and Entry.objects.filter(kind=Kind.ADJUST).count() == 1
    assert Message.objects.filter(code="points-taken-back", channel="inbox").count() == 1
    with pytest.raises(preparing.NothingToCorrect):
        prepared(cleo)


def test_two_corrections_of_the_same_grants_take_them_once(till, ada, cleo):
    below_zero("refuse")
    till.sell("10.00", "R-1")
    one, two = prepared(cleo), prepared(cleo)
    till.sell("1.00", "R-2")
    for each in (one, two):
        corrections.start(correction=each.pk, content_hash=each.content_hash, user=cleo)
        assert corrections.work_off(correction=each.pk)
    assert [part.state for part in CorrectionPart.objects.order_by("done_at")] == ["done", "nothing"]
    assert balance(ada)["total"] == 21  # 11 a dollar, less the 100 of the first sale
    assert done(cleo).points == 10  # what came in after they were prepared
    assert balance(ada)["total"] == 11


@pytest.mark.parametrize(
    ("setting", "state", "taken", "left"),
    [("refuse", "refused", 0, 20), ("clamp", "done", 20, 0), ("debt", "done", 100, -80)],
)
def test_what_is_spent_already_is_refused_left_or_owed(till, ada, cleo, setting, state, taken, left):
    below_zero(setting)
    till.sell("10.00", "R-1")
    till.redeem(90, mode="settle")
    found = done(cleo)
    part = found.parts.get()
    assert (part.state, part.taken, balance(ada)["total"]) == (state, taken, left)
    assert part.missing + part.taken == 100 or setting == "debt"
    clean()


def test_points_that_still_wait_go_first_and_never_become_available(till, ada, cleo):
    apply(rules=RULES, settings=settings_with(earning={"pending": {"days": 14}}, adjustments={"below_zero": "refuse"}))
    till.sell("10.00", "R-1")
    assert balance(ada)["pending"] == 110
    found = done(cleo)
    assert balance(ada) == {"total": 10, "available": 0, "pending": 10, "held": 0, "debt": 0, "sequence": 2}
    corrections.undo(correction=found.pk, reason="It was right after all", user=cleo)
    assert corrections.work_off(correction=found.pk)
    assert balance(ada)["pending"] == 110 and balance(ada)["available"] == 0
    clean()


def test_members_keep_what_is_forgiven_and_it_cannot_be_taken_later(till, ada, cleo):
    below_zero("refuse")
    till.sell("10.00", "R-1")
    found = done(cleo, "forgive")
    assert found.state == "done" and balance(ada)["total"] == 110
    assert not Entry.objects.filter(kind=Kind.ADJUST).exists()
    assert Message.objects.get(code="points-left", channel="inbox").subject == "You keep 100 extra points"
    with pytest.raises(preparing.NothingToCorrect):
        prepared(cleo)
    with pytest.raises(preparing.NotNow):
        corrections.undo(correction=found.pk, reason="x", user=cleo)


def test_a_take_back_is_undone_once_with_the_old_dates(till, ada, cleo):
    below_zero("debt")
    till.sell("10.00", "R-1")
    till.redeem(90, mode="settle")
    found = done(cleo)
    assert balance(ada)["debt"] == 80
    till.sell("5.00", "R-2")  # 55 points pay a part of the debt
    assert balance(ada)["debt"] == 25
    for _ in range(2):
        corrections.undo(correction=found.pk, reason="The rule was right", user=cleo)
        assert corrections.work_off(correction=found.pk)
    found.refresh_from_db()
    assert found.state == "undone" and found.parts.get().state == "undone"
    assert balance(ada) == {"total": 75, "available": 75, "pending": 0, "held": 0, "debt": 0, "sequence": 5}
    assert Entry.objects.get(kind=Kind.REINSTATE).points == 100
    assert Message.objects.filter(code="points-given-back", channel="inbox").count() == 1
    assert totals(scope())["due"] == 150
    clean()


def test_a_reversed_sale_owes_nothing(till, ada, cleo):
    below_zero("debt")
    till.sell("10.00", "R-1")
    till.sell("1.00", "R-2")
    account = ledger.lock(ada.account_id)[0]
    ledger.reverse(account=account, entry=Entry.objects.get(points=110), actor="test")
    assert totals(scope())["due"] == 10
    assert done(cleo).points == 10 and balance(ada)["total"] == 1
    clean()


def test_over_the_limit_a_second_person_approves_exactly_what_was_prepared(till, ada, cleo, dora):
    below_zero("refuse", second_person_over=99)
    till.sell("10.00", "R-1")
    found = prepared(cleo)
    assert found.needs_second
    boss = hire(Role.ADMINISTRATOR)
    own = prepared(boss)
    for user, one in ((cleo, found), (boss, own), (hire(Role.MARKETER), found)):
        with pytest.raises(preparing.SecondPersonNeeded):
            corrections.start(correction=one.pk, content_hash=one.content_hash, user=user)
    with pytest.raises(preparing.ContentChanged):
        corrections.start(correction=found.pk, content_hash="0" * 64, user=dora)
    corrections.start(correction=found.pk, content_hash=found.content_hash, user=dora)
    assert corrections.work_off(correction=found.pk) and balance(ada)["total"] == 10
    assert AuditRecord.objects.get(action="correction.approved").actor == roles.actor(dora)
    for _ in range(2):  # who may not do it alone asks for it, once
        asked_for = corrections.undo(correction=found.pk, reason="It was right", user=cleo)
        assert (asked_for.state, asked_for.undo_asked_by) == ("done", roles.actor(cleo))
        for user in (cleo, hire(Role.MARKETER)):
            with pytest.raises(preparing.SecondPersonNeeded):
                corrections.undo(correction=found.pk, reason="x", user=user)
        corrections.call_off_undo(correction=found.pk, user=cleo)
    corrections.undo(correction=found.pk, reason="It was right", user=cleo)
    corrections.undo(correction=found.pk, reason="", user=dora)
    assert corrections.work_off(correction=found.pk) and balance(ada)["total"] == 110
    found.refresh_from_db()
    assert (found.state, found.undone_by, found.undo_reason) == ("undone", roles.actor(dora), "It was right")
    clean()


def test_nobody_corrects_their_own_membership(till, ada, ben):
    below_zero("refuse")
    till.sell("10.00", "R-1")
    till.member = ben
    till.sell("10.00", "R-2")
    adas = hire(Role.ADMINISTRATOR, email="ada@example.com")
    found = done(adas)
    assert found.members == 1 and (balance(ada)["total"], balance(ben)["total"]) == (110, 10)
    other = prepared(hire(Role.ADMINISTRATOR))
    corrections.start(correction=other.pk, content_hash=other.content_hash, user=adas)
    assert corrections.work_off(correction=other.pk) and other.parts.get().state == "own"
    assert balance(ada)["total"] == 110
    mine = done(hire(Role.ADMINISTRATOR))
    with pytest.raises(OwnAccount):
        corrections.undo(correction=mine.pk, reason="x", user=adas)


def test_one_that_is_withdrawn_never_starts(till, ada, cleo):
    below_zero("refuse")
    till.sell("10.00", "R-1")
    found = prepared(cleo)
    corrections.withdraw(correction=found.pk, user=cleo)
    with pytest.raises(preparing.NotNow):
        corrections.start(correction=found.pk, content_hash=found.content_hash, user=cleo)
    assert corrections.work_off(correction=found.pk) and balance(ada)["total"] == 110


def test_one_member_who_fails_holds_up_no_other(till, ada, ben, cleo, monkeypatch):
    below_zero("refuse")
    till.sell("10.00", "R-1")
    till.member = ben
    till.sell("10.00", "R-2")
    deduct = ledger.deduct

    def sick(*, account, **more):
        if account.pk == ada.account_id:
            raise RuntimeError("sick")
        return deduct(account=account, **more)

    monkeypatch.setattr(ledger, "deduct", sick)
    found = done(cleo)
    assert {part.member_id: part.state for part in found.parts.all()} == {ada.pk: "failed", ben.pk: "done"}
    monkeypatch.undo()
    corrections.retry(correction=found.pk, user=cleo)
    assert corrections.work_off(correction=found.pk) and balance(ada)["total"] == 10


@pytest.mark.parametrize(
    "changes",
    [{"scope": scope(rule="")}, {"scope": scope(since=UNTIL, until=SINCE)}, {"deed": "eat"}],
    ids=["no rule", "no period", "no such deed"],
)
def test_bad_input_is_named(cleo, changes):
    with pytest.raises(InvalidBody):
        prepared(cleo, **changes)


def test_caps_count_what_was_granted_less_what_was_taken_back(till, ada, cleo):
    rules = [{**RULES[0]}, {**RULES[1], "caps": {"per_member": 150}}]
    apply(rules=rules, settings=settings_with(adjustments={"below_zero": "refuse"}))
    till.sell("10.00", "R-1")
    assert till.sell("10.00", "R-2").json()["points"]["earned"] == 10 + 50  # 100 + 50: the cap
    assert till.sell("10.00", "R-3").json()["points"]["earned"] == 10
    done(cleo)
    assert till.sell("10.00", "R-4").json()["points"]["earned"] == 10 + 100
    clean()


def counted() -> list[list[dict]]:
    """What is kept by member and of all, without rows that say nothing."""
    kept = (model.objects.exclude(granted=0, taken_back=0).order_by("key") for model in (RuleState, SharedCounter))
    return [list(rows.values()) for rows in kept]


def test_an_undo_counts_caps_and_budgets_again(till, ada, cleo):
    """Finding 35: the budget could be spent a second time after the points were given back."""
    gift = {"code": "gift", "kind": "fixed", "points": 60, "caps": {"per_day": 100, "per_member": 150}}
    apply(
        rules=RULES[:1],
        campaigns=[{"code": "fair", "budget": {"points": 130}, "rules": [gift]}],
        settings=settings_with(adjustments={"below_zero": "refuse"}),
    )
    monday = datetime(2026, 10, 5, 17, tzinfo=UTC)
    for number, day in enumerate((0, 1)):
        till.sell("10.00", f"R-{number}", occurred_at=(monday + timedelta(days=day)).isoformat())
    before = counted()
    found = done(cleo, scope=scope(rule="gift"))
    assert {row["key"]: (row["granted"], row["taken_back"]) for row in counted()[1]} == {"campaign:fair": (0, 120)}
    assert RuleState.objects.get(key="gift").granted_today == 0
    corrections.undo(correction=found.pk, reason="It was right after all", user=cleo)
    assert corrections.work_off(correction=found.pk)
    assert counted() == before
    assert till.sell("10.00", "R-9").json()["points"]["earned"] == 10 + 10  # of 130 are 10 left
    clean()
