"""What tills say they sold, beside what was reported to us."""

import django.db.models.deletion
from django.db import migrations, models

import loyalty.clock
import loyalty.ids


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0008_liability"),
        ("members", "0007_transfers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", models.UUIDField(default=loyalty.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("source", models.CharField(max_length=8)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("content_hash", models.BinaryField(max_length=32, unique=True)),
                ("currency", models.CharField(max_length=3)),
                ("actor", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField(default=loyalty.clock.now)),
                ("returns", models.IntegerField(default=0)),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="ReconciledDay",
            fields=[
                ("id", models.UUIDField(default=loyalty.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("by_receipt", models.BooleanField()),
                ("theirs_count", models.IntegerField(blank=True, null=True)),
                ("theirs_minor", models.BigIntegerField()),
                ("ours_count", models.IntegerField()),
                ("ours_minor", models.BigIntegerField()),
                ("agrees", models.BooleanField()),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.store",
                    ),
                ),
                (
                    "reconciliation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="days",
                        to="members.reconciliation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Difference",
            fields=[
                ("id", models.UUIDField(default=loyalty.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("missing_here", "Missing Here"),
                            ("missing_there", "Missing There"),
                            ("amount", "Amount"),
                            ("day", "Day"),
                            ("voided", "Voided"),
                        ],
                        max_length=16,
                    ),
                ),
                ("receipt", models.CharField(max_length=100)),
                ("theirs_minor", models.BigIntegerField(blank=True, null=True)),
                ("ours_minor", models.BigIntegerField(blank=True, null=True)),
                (
                    "sale",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.sale",
                    ),
                ),
                (
                    "day",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="differences",
                        to="members.reconciledday",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("day"), models.F("receipt"), models.F("what"), name="difference_once"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="reconciledday",
            index=models.Index(fields=["-day"], name="reconciled_newest"),
        ),
        migrations.AddConstraint(
            model_name="reconciledday",
            constraint=models.UniqueConstraint(
                models.F("reconciliation"), models.F("store"), models.F("day"), name="reconciled_day_once"
            ),
        ),
    ]
