"""Days that were closed, reminders, the test clock, and dates of lots that move, each with the reason."""

import django.db.models.deletion
from django.db import migrations, models

import loyalty.clock
import loyalty.ids

KEPT = """
CREATE TRIGGER loyalty_renewal_kept BEFORE UPDATE OR DELETE ON loyalty_renewal FOR EACH ROW EXECUTE FUNCTION loyalty_refuse();
CREATE TRIGGER loyalty_renewal_never_emptied BEFORE TRUNCATE ON loyalty_renewal FOR EACH STATEMENT EXECUTE FUNCTION loyalty_refuse();
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'loyalty_app') AND current_user <> 'loyalty_app' THEN
        REVOKE UPDATE, DELETE ON loyalty_renewal FROM loyalty_app;
    END IF;
END $$;
"""

# The dates of a lot are those it was granted with, unless a renewal says why the end is a later one.
DATED = """
CREATE FUNCTION loyalty_lot_dated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.available_at <> OLD.available_at OR NEW.idle <> OLD.idle
       OR NEW.granted_until IS DISTINCT FROM OLD.granted_until OR NEW.idle = ''
       OR NEW.expires_at IS NULL OR NEW.expires_at <= OLD.expires_at
       OR NOT EXISTS (SELECT 1 FROM loyalty_renewal WHERE id = NEW.renewal_id AND account_id = NEW.account_id
                         AND idle = NEW.idle AND until = NEW.expires_at) THEN
        RAISE EXCEPTION 'the dates of lot % move without a reason', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_dated';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER loyalty_lot_dated AFTER UPDATE ON loyalty_lot
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.available_at <> NEW.available_at OR OLD.expires_at IS DISTINCT FROM NEW.expires_at
          OR OLD.idle <> NEW.idle OR OLD.granted_until IS DISTINCT FROM NEW.granted_until
          OR OLD.renewal_id IS DISTINCT FROM NEW.renewal_id)
    EXECUTE FUNCTION loyalty_lot_dated();
"""
FREE = """
DROP TRIGGER loyalty_lot_dated ON loyalty_lot;
DROP FUNCTION loyalty_lot_dated();
"""

# Ids of rows that one statement writes for many accounts; PostgreSQL has its own from 18 on.
IDS = """
DO $do$ BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        CREATE FUNCTION loyalty_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT uuidv7()';
    ELSE
        CREATE FUNCTION loyalty_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
            SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
                substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
                52, 1), 53, 1), 'hex')::uuid
        $$;
    END IF;
END $do$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0008_liability"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClosedDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("ended_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField()),
                ("counts", models.JSONField(default=dict)),
            ],
            options={
                "ordering": ["day"],
            },
        ),
        migrations.AddField(
            model_name="account",
            name="renews",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="lot",
            name="granted_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="lot",
            name="idle",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.CreateModel(
            name="Renewal",
            fields=[
                ("id", models.UUIDField(default=loyalty.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("idle", models.TextField()),
                ("reference", models.CharField(max_length=160)),
                ("at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("sequence", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField(default=loyalty.clock.now)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="renewals",
                        to="loyalty.account",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="lot",
            name="renewal",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lots",
                to="loyalty.renewal",
            ),
        ),
        migrations.CreateModel(
            name="SandboxClock",
            fields=[
                ("id", models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("ahead", models.DurationField()),
                ("target", models.DateTimeField(blank=True, null=True)),
                ("days", models.IntegerField(default=0)),
                ("done", models.IntegerField(default=0)),
                ("problem", models.TextField(blank=True, default="")),
                ("moved_by", models.CharField(blank=True, default="", max_length=120)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_sandbox_clock")],
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                ("id", models.UUIDField(default=loyalty.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(choices=[("expiring", "Expiring"), ("available", "Available")], max_length=12),
                ),
                ("at", models.DateTimeField()),
                ("days", models.SmallIntegerField(default=0)),
                ("told_at", models.DateTimeField(default=loyalty.clock.now)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.account",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("account"), models.F("kind"), models.F("at"), models.F("days"), name="reminded_once"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="renewal",
            constraint=models.UniqueConstraint(
                models.F("account"), models.F("reference"), models.F("idle"), name="renewal_once"
            ),
        ),
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
        migrations.RunSQL(DATED, FREE),
        migrations.RunSQL(IDS, "DROP FUNCTION loyalty_uuid7();"),
    ]
