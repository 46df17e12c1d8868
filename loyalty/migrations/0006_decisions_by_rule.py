"""Finding the decisions in which a rule gave something (docs/decisions/0012-decisions-by-rule.md).

Built without a lock: sales go on while an old shop's history is indexed.
"""

from django.db import migrations

BY_RULE = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS decision_by_rule ON loyalty_decision
 USING gin ((jsonb_path_query_array(body, '$.rules[*].rule')) jsonb_path_ops)
"""
BY_TIME = "CREATE INDEX CONCURRENTLY IF NOT EXISTS decision_by_time ON loyalty_decision USING brin (decided_at)"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("loyalty", "0005_rule_versions")]

    operations = [
        migrations.RunSQL(BY_RULE, "DROP INDEX IF EXISTS decision_by_rule"),
        migrations.RunSQL(BY_TIME, "DROP INDEX IF EXISTS decision_by_time"),
    ]
