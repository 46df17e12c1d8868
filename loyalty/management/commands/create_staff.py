"""`manage.py create_staff EMAIL --role ROLE [--store CODE]`: somebody who may sign in at /staff/."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty import factors, staff
from loyalty.errors import StoreNotFound
from loyalty.models import Role, User


class Command(BaseCommand):
    """Asked again it adds the role and leaves the rest alone."""

    help = "Add a member of staff, or give one another role."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """One role a call; call again for another."""
        parser.add_argument("email")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--store", default="", metavar="CODE", help="bind the role to one store")
        parser.add_argument("--name", default="")
        parser.add_argument("--password", help="set this password; without it a new person gets a random one")
        parser.add_argument(
            "--second-factor",
            action="store_true",
            help="set up the second factor now and print it, for a person who is not at hand",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Create, and print what was made up."""
        from_us = options["password"]
        exists = User.objects.filter(email__iexact=options["email"].strip()).exists()
        password = from_us or (None if exists else staff.new_password())
        try:
            user = staff.create(
                email=options["email"],
                role=options["role"],
                store=options["store"],
                name=options["name"],
                password=password,
                actor="system:create_staff",
            )
        except StoreNotFound as refusal:
            raise CommandError(refusal.detail) from refusal
        where = f" in store {options['store']}" if options["store"] else ""
        self.stdout.write(f"{user.email} is {options['role']}{where}.")
        if password and not from_us:
            self.stdout.write(f"Password, shown only now: {password}")
        if options["second_factor"] and factors.totp_of(user) is None:
            secret = factors.new_secret()
            codes = factors.set_up(user, secret)
            self.stdout.write(f"Second factor: {factors.address(user, secret)}")
            self.stdout.write(f"Recovery codes: {' '.join(codes)}")
