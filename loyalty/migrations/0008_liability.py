"""The day book, and closed months, which are guarded like the entries they stand on."""

import django.db.models.deletion
from django.db import migrations, models

import loyalty.clock
import loyalty.ids

KEPT = ["closedmonth", "closedsum"]
GUARD = "".join(
    f"CREATE TRIGGER loyalty_{table}_kept BEFORE UPDATE OR DELETE ON loyalty_{table} FOR EACH ROW EXECUTE FUNCTION loyalty_refuse();"
    f"CREATE TRIGGER loyalty_{table}_never_emptied BEFORE TRUNCATE ON loyalty_{table} FOR EACH STATEMENT EXECUTE FUNCTION loyalty_refuse();"
    for table in KEPT
)
UNGUARD = "".join(
    f"DROP TRIGGER loyalty_{table}_kept ON loyalty_{table}; DROP TRIGGER loyalty_{table}_never_emptied ON loyalty_{table};"
    for table in KEPT
)
REVOKE = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'loyalty_app') AND current_user <> 'loyalty_app' THEN
        REVOKE UPDATE, DELETE ON loyalty_closedmonth, loyalty_closedsum FROM loyalty_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0007_staff_acts"),
    ]

    operations = [
        migrations.CreateModel(
            name="SummedAccount",
            fields=[
                ("account", models.UUIDField(primary_key=True, serialize=False)),
                ("sequence", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="ClosedMonth",
            fields=[
                ("id", models.UUIDField(default=loyalty.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("month", models.DateField(unique=True)),
                ("zone", models.CharField(max_length=60)),
                ("currency", models.CharField(max_length=3)),
                ("closed_at", models.DateTimeField(default=loyalty.clock.now)),
                ("actor", models.CharField(max_length=120)),
                ("inputs", models.JSONField(default=dict)),
                ("figures", models.JSONField(default=dict)),
                ("fingerprint", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ["-month"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("month__day", 1)), name="closed_month_first_day")
                ],
            },
        ),
        migrations.CreateModel(
            name="DayBook",
            fields=[
                ("id", models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("zone", models.CharField(max_length=60)),
                ("summed_at", models.DateTimeField(default=loyalty.clock.now)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="day_book_one")],
            },
        ),
        migrations.CreateModel(
            name="ClosedSum",
            fields=[
                ("id", models.UUIDField(default=loyalty.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("day", models.DateField(blank=True, null=True)),
                ("house", models.CharField(max_length=40)),
                ("kind", models.CharField(max_length=16)),
                ("points", models.BigIntegerField()),
                ("entries", models.BigIntegerField()),
                (
                    "closed",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sums",
                        to="loyalty.closedmonth",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.store",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("closed", "day", "store", "house", "kind"), name="closed_sum_once", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DaySum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("house", models.CharField(max_length=40)),
                ("kind", models.CharField(max_length=16)),
                ("points", models.BigIntegerField()),
                ("entries", models.BigIntegerField()),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.store",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "store", "house", "kind"), name="day_sum_once", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
        migrations.RunSQL(REVOKE, migrations.RunSQL.noop),
    ]
