"""The programme on the staff side: in words, in drafts, before publishing, and version by version."""

from rewards.admin.programme import calendar, drafting, editor, overview, publishing, versions

__all__ = ["calendar", "drafting", "editor", "overview", "publishing", "versions"]
