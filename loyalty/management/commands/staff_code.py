"""`manage.py staff_code EMAIL`: the code a demo person's app would show now."""

from __future__ import annotations

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from loyalty import factors
from loyalty.models import User


class Command(BaseCommand):
    """Only for the demo and the sandbox: elsewhere nobody can print another's second factor."""

    help = "Print the present sign-in code of a member of staff (demo and sandbox only)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Whose code."""
        parser.add_argument("email")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the code alone."""
        if settings.LOYALTY_DEMO in ("", "0") and not settings.LOYALTY_SANDBOX:
            raise CommandError("This works only with LOYALTY_DEMO or LOYALTY_SANDBOX=1.")
        user = User.objects.filter(email__iexact=options["email"].strip(), is_staff=True, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no member of staff {options['email']}.")
        try:
            self.stdout.write(factors.present_code(user))
        except LookupError as error:
            raise CommandError(f"{user.email} has no second factor yet: sign in once to set it up.") from error
