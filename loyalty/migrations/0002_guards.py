"""What the database itself refuses: history that changes, and balances that do not follow from their entries."""

from django.db import migrations

# Never updated, never deleted (DESIGN §3, FAULTS A8).
APPEND_ONLY = ["entry", "lotmovement", "holdpart", "decision", "programme", "auditrecord"]
# Updated, but never deleted.
KEPT = ["account", "lot", "hold", "fact"]

REFUSE = """
CREATE FUNCTION loyalty_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: history is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""

FOLLOWS = """
CREATE FUNCTION loyalty_entry_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    lots numeric;
    last record;
BEGIN
    IF NEW.sequence = 1 THEN
        before := 0;
    ELSE
        SELECT balance_after INTO before FROM loyalty_entry WHERE account_id = NEW.account_id AND sequence = NEW.sequence - 1;
    END IF;
    IF before IS NULL OR before + NEW.points <> NEW.balance_after THEN
        RAISE EXCEPTION 'entry % does not follow the one before', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_follows';
    END IF;
    SELECT coalesce((SELECT sum(granted) FROM loyalty_lot WHERE account_id = NEW.account_id AND sequence = NEW.sequence), 0)
         + coalesce((SELECT sum(points) FROM loyalty_lotmovement WHERE account_id = NEW.account_id AND entry_id = NEW.id), 0)
      INTO lots;
    IF lots - NEW.debt_change <> NEW.points THEN
        RAISE EXCEPTION 'the lots of entry % do not add up to it', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_lots';
    END IF;
    SELECT sequence, total INTO last FROM loyalty_account WHERE id = NEW.account_id;
    IF last.sequence < NEW.sequence OR (last.sequence = NEW.sequence AND last.total <> NEW.balance_after) THEN
        RAISE EXCEPTION 'account % does not carry entry %', NEW.account_id, NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'account_carries_entry';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER loyalty_entry_follows AFTER INSERT ON loyalty_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION loyalty_entry_follows();
"""

BALANCE = """
CREATE FUNCTION loyalty_balance_has_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_ record;
    entry_total bigint;
    lots record;
BEGIN
    SELECT sequence, total, held, debt INTO now_ FROM loyalty_account WHERE id = NEW.id;
    IF now_.sequence = 0 THEN
        entry_total := 0;
    ELSE
        SELECT balance_after INTO entry_total FROM loyalty_entry WHERE account_id = NEW.id AND sequence = now_.sequence;
    END IF;
    IF entry_total IS NULL OR entry_total <> now_.total
       OR EXISTS (SELECT 1 FROM loyalty_entry WHERE account_id = NEW.id AND sequence = now_.sequence + 1) THEN
        RAISE EXCEPTION 'the balance of account % has no entry behind it', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'balance_has_entries';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.held <> OLD.held OR NEW.debt <> OLD.debt THEN
            SELECT coalesce(sum(remaining + held), 0) AS points, coalesce(sum(held), 0) AS held INTO lots
              FROM loyalty_lot WHERE account_id = NEW.id AND (remaining > 0 OR held > 0);
            IF lots.held <> now_.held OR lots.points - now_.debt <> now_.total THEN
                RAISE EXCEPTION 'holds and debt of account % do not follow from its lots', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'balance_has_lots';
            END IF;
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER loyalty_balance_changed AFTER UPDATE ON loyalty_account
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.total <> NEW.total OR OLD.sequence <> NEW.sequence OR OLD.held <> NEW.held OR OLD.debt <> NEW.debt)
    EXECUTE FUNCTION loyalty_balance_has_entries();
CREATE CONSTRAINT TRIGGER loyalty_balance_opened AFTER INSERT ON loyalty_account
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.total <> 0 OR NEW.sequence <> 0 OR NEW.held <> 0 OR NEW.debt <> 0)
    EXECUTE FUNCTION loyalty_balance_has_entries();
"""

LOTS = """
CREATE FUNCTION loyalty_lot_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lot record;
    moved numeric;
BEGIN
    SELECT granted, remaining, held INTO lot FROM loyalty_lot WHERE id = NEW.id;
    SELECT coalesce(sum(points), 0) INTO moved FROM loyalty_lotmovement WHERE account_id = NEW.account_id AND lot_id = NEW.id;
    IF lot.granted + moved <> lot.remaining + lot.held THEN
        RAISE EXCEPTION 'what is left of lot % does not follow from its movements', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_follows';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER loyalty_lot_changed AFTER UPDATE ON loyalty_lot
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.remaining <> NEW.remaining OR OLD.held <> NEW.held OR OLD.granted <> NEW.granted)
    EXECUTE FUNCTION loyalty_lot_follows();
CREATE CONSTRAINT TRIGGER loyalty_lot_opened AFTER INSERT ON loyalty_lot
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.remaining <> NEW.granted OR NEW.held <> 0)
    EXECUTE FUNCTION loyalty_lot_follows();
CREATE FUNCTION loyalty_movement_has_lot() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lot record;
    moved numeric;
BEGIN
    SELECT account_id, granted, remaining, held INTO lot FROM loyalty_lot WHERE id = NEW.lot_id;
    SELECT coalesce(sum(points), 0) INTO moved FROM loyalty_lotmovement WHERE account_id = NEW.account_id AND lot_id = NEW.lot_id;
    IF lot.account_id IS DISTINCT FROM NEW.account_id OR lot.granted + moved <> lot.remaining + lot.held THEN
        RAISE EXCEPTION 'movement % does not show in its lot', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_has_lot';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER loyalty_movement_has_lot AFTER INSERT ON loyalty_lotmovement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION loyalty_movement_has_lot();
"""

UNDO = """
DROP TRIGGER loyalty_entry_follows ON loyalty_entry;
DROP TRIGGER loyalty_balance_changed ON loyalty_account;
DROP TRIGGER loyalty_balance_opened ON loyalty_account;
DROP TRIGGER loyalty_lot_changed ON loyalty_lot;
DROP TRIGGER loyalty_lot_opened ON loyalty_lot;
DROP TRIGGER loyalty_movement_has_lot ON loyalty_lotmovement;
DROP FUNCTION loyalty_entry_follows();
DROP FUNCTION loyalty_balance_has_entries();
DROP FUNCTION loyalty_lot_follows();
DROP FUNCTION loyalty_movement_has_lot();
"""


def guard(table: str, acts: str) -> migrations.RunSQL:
    """Triggers that refuse `acts` and TRUNCATE of a table, for whichever role."""
    return migrations.RunSQL(
        f"CREATE TRIGGER loyalty_{table}_kept BEFORE {acts} ON loyalty_{table} FOR EACH ROW EXECUTE FUNCTION loyalty_refuse();"
        f"CREATE TRIGGER loyalty_{table}_never_emptied BEFORE TRUNCATE ON loyalty_{table} FOR EACH STATEMENT EXECUTE FUNCTION loyalty_refuse();",
        f"DROP TRIGGER loyalty_{table}_kept ON loyalty_{table}; DROP TRIGGER loyalty_{table}_never_emptied ON loyalty_{table};",
    )


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, "DROP FUNCTION loyalty_refuse();"),
        *[guard(table, "UPDATE OR DELETE") for table in APPEND_ONLY],
        *[guard(table, "DELETE") for table in KEPT],
        migrations.RunSQL(FOLLOWS + BALANCE + LOTS, UNDO),
    ]
