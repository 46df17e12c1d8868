"""The points liability on the staff side: the book, one month of it, closing it, the journal."""

from members.admin.liability import journal_file, month, overview

__all__ = ["journal_file", "month", "overview"]
