"""What went wrong and where, fit for logs and rows: without the message, which may quote personal data."""

import traceback
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError


def describe(error: BaseException) -> str:
    """The kind of error, the database's code and constraint if it has one, and the last line of ours."""
    words = [type(error).__name__]
    if isinstance(error, DatabaseError) and (cause := error.__cause__) is not None:
        diagnosis = getattr(cause, "diag", None)
        words.append(str(getattr(cause, "sqlstate", "") or ""))
        words.append(str(getattr(diagnosis, "constraint_name", "") or ""))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(settings.BASE_DIR) and "site-packages" not in path.parts:
            words.append(f"at {path.relative_to(settings.BASE_DIR)}:{frame.lineno}")
            break
    return " ".join(word for word in words if word)
