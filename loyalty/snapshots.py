"""One instant for several statements."""

from django.db import connection


def begin() -> None:
    """Make the running transaction see one instant, and write nothing; call it first in the transaction.

    What goes on meanwhile is left out. Inside another transaction nothing is changed.
    """
    if connection.savepoint_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
