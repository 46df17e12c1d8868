"""Expired points that staff give back, and who agreed to it."""

import django.db.models.deletion
from django.db import migrations, models

import loyalty.clock
import loyalty.ids


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0009_points_in_time"),
        ("members", "0008_reconciliation"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reinstatement",
            fields=[
                ("id", models.UUIDField(default=loyalty.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("entry", models.UUIDField()),
                ("points", models.BigIntegerField()),
                ("until", models.DateTimeField()),
                ("reason", models.CharField(max_length=300)),
                ("content_hash", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("done", "Done"),
                            ("refused", "Refused"),
                            ("lapsed", "Lapsed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("asked_by", models.CharField(max_length=120)),
                ("asked_at", models.DateTimeField(default=loyalty.clock.now)),
                ("approve_until", models.DateTimeField(blank=True, null=True)),
                ("settled_by", models.CharField(blank=True, max_length=120)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.member"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(models.F("asked_by"), models.F("asked_at"), name="reinstatement_of_person")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("points__gt", 0)), name="reinstatement_moves"),
                    models.UniqueConstraint(
                        models.F("entry"),
                        condition=models.Q(("state__in", ["waiting", "done"])),
                        name="reinstated_once",
                    ),
                ],
            },
        ),
    ]
