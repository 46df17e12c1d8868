"""The version of each rule in each version of the programme; what is stored already counts as 1."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0004_main_store")]

    operations = [
        migrations.AddField(
            model_name="programme",
            name="versions",
            field=models.JSONField(db_default={}, default=dict),
        ),
    ]
