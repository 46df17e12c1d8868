"""When a member's e-mail address changes, the address before is told: whoever reads it may not have wanted that."""

import pytest
from django.core import mail

from loyalty import outbox
from loyalty.models import AuditRecord, Fact
from members import consent, delivery, identities, locks, profile
from members.models import Identity, Member, Message


def change(member: Member, **changes: str | None) -> None:
    profile.change(member=locks.lock(id=member.pk).member, actor="member", **changes)


def deliver() -> None:
    outbox.drain()
    delivery.deliver_due()


def test_the_old_address_is_told_in_the_members_language_and_the_new_one_is_not_named(ada, ben, mailoutbox):
    deliver()
    mail.outbox.clear()
    change(ada, email="ada@new.example.com")
    change(ben, email=None)
    deliver()
    english, japanese = sorted(mail.outbox, key=lambda letter: letter.to)
    assert (english.to, english.subject) == (["ada@example.com"], "Your e-mail address at Records was changed")
    assert (japanese.to, japanese.subject) == (
        ["ben@example.com"], "Recordsに登録のメールアドレスが変更されました"
    )  # fmt: skip
    for letter, name in ((english, "Ada"), (japanese, "佐藤")):
        said = letter.body + letter.alternatives[0].content
        assert "new.example.com" not in said and name not in said  # a mistyped address was somebody else's
    assert not Message.objects.filter(code="address-changed", channel="inbox").exists()


@pytest.mark.parametrize("change_of", [{"phone": "+12025550199"}, {"email": "Ada@Example.com"}, {"name": "Ada King"}])
def test_nothing_else_is_told_to_it(ada, mailoutbox, change_of):
    deliver()
    mail.outbox.clear()
    change(ada, **change_of)
    deliver()
    assert not mail.outbox


def test_the_notice_is_sent_once_and_whatever_was_refused(ada, mailoutbox):
    consent.withdraw(
        member=locks.lock(id=ada.pk).member, purpose="service", channel="email", source="somebody in her session"
    )
    change(ada, email="ada@new.example.com")
    deliver()
    Fact.objects.update(handled_at=None)
    deliver()
    assert [letter.to for letter in mail.outbox] == [["ada@example.com"]]


def test_an_address_that_was_erased_meanwhile_is_not_written_to(ada, mailoutbox):
    deliver()
    mail.outbox.clear()
    change(ada, email="ada@new.example.com")
    Identity.objects.filter(value="ada@example.com").delete()
    deliver()
    change(ada, email="ada@newer.example.com")
    outbox.drain()
    Identity.objects.filter(value="ada@new.example.com").delete()  # the letter lies in the queue, and goes with it
    delivery.deliver_due()
    assert not mail.outbox
    assert outbox.waiting()["waiting"] == 0


def test_the_fact_names_no_address_and_the_audit_log_keeps_the_change_whoever_made_it(ada):
    old = identities.of(ada.pk)["email"]
    change(ada, email="ada@new.example.com", phone=None)
    fact = Fact.objects.get(name="member.email_changed")
    assert fact.payload == {"member": str(ada.pk), "identity": str(old.pk)}
    record = AuditRecord.objects.get()
    assert (record.action, record.actor, record.object_id, record.data) == (
        "member.identity_changed", "member", str(ada.pk), {"identities": ["email", "phone"]}
    )  # fmt: skip
