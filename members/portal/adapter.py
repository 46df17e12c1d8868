"""How allauth behaves here: it opens the session of a member whose address was proved, and says nothing itself."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class Adapter(DefaultAccountAdapter):
    """No sign-up, no messages of its own; a member joins through `members.enrolment` only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Closed: /join/ enrols."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The portal's pages speak for themselves."""
