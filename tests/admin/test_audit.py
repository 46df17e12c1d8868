"""The audit log: each record seals the one before, and whoever breaks the chain is named."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from loyalty import audit
from loyalty.models import AuditRecord

OWNER = os.environ.get("DATABASE_OWNER_URL", "")


def three_acts() -> None:
    for number in range(1, 4):
        audit.record(
            action="key.created", actor="staff:1", object_type="apikey", object_id=f"k{number}", data={"n": number}
        )


@contextmanager
def past_the_triggers(name: str):
    """What somebody with power over the table can do: switch its guards off, change it, switch them on again."""
    with psycopg.connect(OWNER, dbname=name, autocommit=True) as owner:
        owner.execute("ALTER TABLE loyalty_auditrecord DISABLE TRIGGER USER")
        yield owner
        owner.execute("ALTER TABLE loyalty_auditrecord ENABLE TRIGGER USER")


def test_records_follow_each_other_and_the_chain_holds(db):
    three_acts()
    rows = list(AuditRecord.objects.order_by("sequence"))
    assert [row.sequence for row in rows] == [1, 2, 3]
    assert rows[0].previous_hash == audit.START
    assert rows[1].previous_hash == rows[0].hash
    verdict = audit.verify()
    assert verdict.holds and verdict.records == 3 and verdict.head == audit.Head(3, rows[2].hash)


def test_an_empty_log_holds(db):
    assert audit.verify().holds


@pytest.mark.parametrize(
    "column",
    ["actor = 'staff:2'", "reason = 'because'", "data = '{\"n\": 9}'", "at = at - interval '1 hour'", "store = 'x'"],
)
def test_a_row_edited_past_the_triggers_is_named(committed, column):
    three_acts()
    with past_the_triggers(committed) as owner:
        owner.execute(f"UPDATE loyalty_auditrecord SET {column} WHERE sequence = 2")
    verdict = audit.verify()
    assert verdict.broken == 2 and "content" in verdict.why
    with pytest.raises(CommandError, match="record 2"):
        call_command("verify_audit", stdout=StringIO())


def test_a_row_edited_with_its_hash_breaks_the_next(committed):
    three_acts()
    row = AuditRecord.objects.get(sequence=2)
    row.actor = "staff:2"
    with past_the_triggers(committed) as owner:
        owner.execute(
            "UPDATE loyalty_auditrecord SET actor = %s, hash = %s WHERE sequence = 2", [row.actor, audit.seal(row)]
        )
    assert audit.verify().broken == 3


def test_a_missing_row_is_named(committed):
    three_acts()
    with past_the_triggers(committed) as owner:
        owner.execute("DELETE FROM loyalty_auditrecord WHERE sequence = 2")
    verdict = audit.verify()
    assert verdict.broken == 2 and "missing" in verdict.why


def test_a_shortened_log_shows_against_the_head_that_was_kept(committed, settings, tmp_path):
    settings.LOYALTY_HOME = tmp_path
    three_acts()
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "3 records" in out.getvalue() and str(audit.kept_head()) in out.getvalue()
    with past_the_triggers(committed) as owner:
        owner.execute("DELETE FROM loyalty_auditrecord WHERE sequence = 3")
    assert audit.verify().holds, "alone the shorter chain is in order"
    with pytest.raises(CommandError, match="record 3"):
        call_command("verify_audit", stdout=StringIO())


def test_a_log_written_anew_shows_against_a_head_kept_elsewhere(committed):
    three_acts()
    head = audit.verify().head
    with past_the_triggers(committed) as owner:
        owner.execute("DELETE FROM loyalty_auditrecord")
    three_acts()
    assert audit.verify().holds
    with pytest.raises(CommandError, match="hash was kept"):
        call_command("verify_audit", head=str(head), stdout=StringIO())


@pytest.mark.parametrize(
    "sql",
    ["UPDATE loyalty_auditrecord SET actor = 'x'", "DELETE FROM loyalty_auditrecord", "TRUNCATE loyalty_auditrecord"],
)
def test_the_serving_role_cannot_change_it(db, sql):
    three_acts()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert audit.verify().records == 3


def test_an_act_that_is_rolled_back_leaves_no_record_and_no_gap(committed):
    audit.record(action="a", actor="staff:1")
    with transaction.atomic():
        audit.record(action="b", actor="staff:1")
        transaction.set_rollback(True)
    audit.record(action="c", actor="staff:1")
    assert list(AuditRecord.objects.order_by("sequence").values_list("sequence", "action")) == [(1, "a"), (2, "c")]
    assert audit.verify().holds


def test_writers_at_the_same_time_queue_for_the_chain(committed):
    start = threading.Barrier(8)

    def write(number: int) -> None:
        try:
            start.wait()
            for _ in range(5):
                audit.record(action="a", actor=f"staff:{number}")
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = audit.verify()
    assert verdict.holds and verdict.records == 40


@pytest.mark.parametrize("value", [1.5, {"a": {1, 2}}, {1: "x"}])
def test_what_json_would_not_give_back_is_refused(db, value):
    with pytest.raises(TypeError):
        audit.record(action="a", actor="staff:1", data={"value": value})
    assert AuditRecord.objects.count() == 0
