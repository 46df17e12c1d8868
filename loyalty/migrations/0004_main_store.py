"""An empty programme has one store, `main` (CONTRACT 1.1)."""

from django.db import migrations


def open_main_store(apps, schema_editor):
    store = apps.get_model("loyalty", "Store")
    if not store.objects.exists():
        store.objects.create(code="main", name={"en": "Main store", "ja": "本店"})


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0003_roles")]

    operations = [migrations.RunPython(open_main_store, migrations.RunPython.noop)]
