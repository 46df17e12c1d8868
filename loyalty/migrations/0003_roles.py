"""What the serving role may do. Every later table is covered by the default privileges set here."""

from django.db import migrations

GRANT = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'loyalty_app') AND current_user <> 'loyalty_app' THEN
        GRANT USAGE ON SCHEMA public TO loyalty_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO loyalty_app;
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO loyalty_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO loyalty_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO loyalty_app;
        REVOKE UPDATE, DELETE ON loyalty_entry, loyalty_lotmovement, loyalty_holdpart, loyalty_decision,
            loyalty_programme, loyalty_auditrecord FROM loyalty_app;
        REVOKE DELETE ON loyalty_account, loyalty_lot, loyalty_hold, loyalty_fact FROM loyalty_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0002_guards")]

    operations = [migrations.RunSQL(GRANT, migrations.RunSQL.noop)]
