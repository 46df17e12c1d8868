"""The programme's terms: written, published with notice, accepted once, compared, told to everybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from loyalty import clock, outbox
from loyalty.errors import InvalidBody
from members import announcements, enrolment, markup, terms
from members.models import Message, Terms, TermsAcceptance

TEXTS = {"en": "# Points\nA point is **not** money.", "ja": "# ポイント\nポイントはお金ではありません。"}
MORE = {"en": TEXTS["en"] + "\n\nPoints last a year.", "ja": TEXTS["ja"] + "\n\n1年有効です。"}
CHANGES = {"en": "Points last a year.", "ja": "ポイントの有効期限が1年になります。"}


def written(texts=TEXTS, changes=None, notice_days=30) -> Terms:
    draft = terms.draft(actor="test")
    return terms.write(terms=draft.pk, texts=texts, changes=changes or {}, notice_days=notice_days, actor="test")


def published(texts=TEXTS, changes=None, valid_from=None, notice_days=30) -> Terms:
    found = written(texts, changes, notice_days)
    at = valid_from or clock.now()
    return terms.publish(terms=found.pk, valid_from=at, seen=terms.fingerprint(found), actor="test")


def test_the_first_version_holds_at_once_and_is_told_to_nobody(ada):
    assert terms.current() is None and terms.summary() is None and terms.due(ada.pk) is None
    one = published()
    assert terms.current() == one and one.version == 1 and terms.summary()["version"] == 1
    outbox.drain()
    assert not Message.objects.filter(code="terms-changed").exists()
    assert terms.due(ada.pk) == one


def test_a_later_version_waits_for_its_notice(ada):
    one = published()
    with pytest.raises(InvalidBody) as refused:
        published(MORE, CHANGES, valid_from=clock.now() + timedelta(days=29))
    assert [error.field for error in refused.value.errors] == ["valid_from"]
    two = published(MORE, CHANGES, valid_from=clock.now() + timedelta(days=31))
    assert terms.current() == one and terms.coming() == two and terms.due(ada.pk) == two
    assert terms.current(clock.now() + timedelta(days=32)) == two


def test_every_active_member_is_told_once_in_their_language(ada, ben, monkeypatch):
    monkeypatch.setattr(announcements, "CHUNK", 1)
    published()
    two = published(MORE, CHANGES, valid_from=datetime(2030, 5, 1, 12, tzinfo=UTC))
    outbox.drain()
    letters = {row.member_id: row for row in Message.objects.filter(code="terms-changed", channel="inbox")}
    assert letters[ada.pk].subject == "New terms from 1 May 2030" and "Points last a year." in letters[ada.pk].text
    assert letters[ben.pk].subject == "2030年5月1日から会員規約が変わります" and "退会" in letters[ben.pk].text
    assert announcements.told(code="terms-changed", key=f"terms:{two.pk}") == 2
    with transaction.atomic():
        outbox.record(terms.FACT, account=None, payload={"terms": str(two.pk), "after": None}, occurred_at=clock.now())
    outbox.drain()
    assert Message.objects.filter(code="terms-changed", channel="inbox").count() == 2


@pytest.mark.parametrize(
    ("texts", "changes", "field"),
    [({"en": "x"}, CHANGES, "texts.ja"), (MORE, {"en": "x"}, "changes.ja")],
    ids=["a text is missing", "what changes is missing"],
)
def test_nothing_is_published_by_halves(programme, texts, changes, field):
    published()
    with pytest.raises(InvalidBody) as refused:
        published(texts, changes, valid_from=clock.now() + timedelta(days=60))
    assert field in [error.field for error in refused.value.errors]
    assert Terms.objects.filter(published_at__isnull=False).count() == 1


def test_what_was_not_read_is_not_published(programme):
    draft = written()
    seen = terms.fingerprint(draft)
    written(MORE)
    with pytest.raises(InvalidBody):
        terms.publish(terms=draft.pk, valid_from=clock.now(), seen=seen, actor="test")


def test_what_is_published_never_changes(programme):
    one = published()
    with pytest.raises(terms.TermsPublished):
        terms.write(terms=one.pk, texts=MORE, changes={}, notice_days=1, actor="test")
    for change in (lambda: Terms.objects.filter(pk=one.pk).update(texts={}), one.delete):
        with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
            change()


def test_a_member_accepts_a_version_once(ada):
    one = published()
    assert terms.accept(member=ada, version=1, place="portal", source="member").terms == one
    assert terms.accept(member=ada, version=1, place="till", source="key:x") is None
    assert [row.place for row in terms.accepted(ada.pk)] == ["portal"]
    assert terms.due(ada.pk) is None and terms.counts() == {one.pk: 1}
    assert sum(n for _day, n in terms.by_day(one.pk)) == 1
    with pytest.raises(terms.TermsNotKnown):
        terms.accept(member=ada, version=2, place="portal", source="member")


def test_a_draft_cannot_be_accepted(ada):
    written()
    with pytest.raises(terms.TermsNotKnown):
        terms.accept(member=ada, version=1, place="portal", source="member")


def test_joining_records_what_was_accepted_and_where(programme):
    published()
    member = enrolment.enrol(email="eve@example.com", actor="key:Shop", terms_version=1, place="till")
    row = TermsAcceptance.objects.get(member=member)
    assert (row.terms.version, row.place, row.source) == (1, "till", "key:Shop")
    with pytest.raises(InvalidBody) as refused:
        enrolment.enrol(email="mal@example.com", actor="key:Shop", terms_version=7)
    assert refused.value.errors[0].field == "terms_version"


def test_versions_are_compared_line_by_line(programme):
    one = published()
    two = published({**MORE, "en": "# Points\nA point is worth nothing.\n\nPoints last a year."}, CHANGES,
                    valid_from=clock.now() + timedelta(days=60))  # fmt: skip
    assert [(line.mark, line.text) for line in terms.compare(one, two, "en")] == [
        ("", "# Points"),
        ("−", "A point is not money."),
        ("+", "A point is worth nothing."),
        ("+", "Points last a year."),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# A\nb **c**\nd", "<h2>A</h2>\n<p>b <b>c</b><br>d</p>"),
        ("- a\n- b\n\n1. c\n2. d", "<ul><li>a</li><li>b</li></ul>\n<ol><li>c</li><li>d</li></ol>"),
        ("[x](https://e.org/?a=1&b=2)", '<p><a href="https://e.org/?a=1&amp;b=2" rel="noopener">x</a></p>'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](//evil.org)", "<p>[x](//evil.org)</p>"),
        ('<script>"', "<p>&lt;script&gt;&quot;</p>"),
        ('[x](https://e.org"onclick="y)', '<p><a href="https://e.org&quot;onclick=&quot;y" rel="noopener">x</a></p>'),
        ("a\n- b", "<p>a</p>\n<ul><li>b</li></ul>"),
        ("", ""),
    ],
)
def test_markup_is_safe_whatever_is_typed(text, shown):
    assert markup.html(text) == shown
