"""Who can sign in to the demo: one member of staff for each role, and the two best customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from django.conf import settings

from loyalty import factors, policies, staff
from loyalty.models import Role, User
from members.models import Identity, Member

ACTOR = "system:demo"
# Name, e-mail address, role, which of the programme's stores (None: all of them).
STAFF = (
    ("Cleo Sample", "cleo@example.com", Role.ADMINISTRATOR, None),
    ("Kai Sample", "kai@example.com", Role.CASHIER, 0),
    ("Mona Sample", "mona@example.com", Role.MANAGER, 1),
    ("Suri Sample", "suri@example.com", Role.SUPPORT, None),
    ("Milo Sample", "milo@example.com", Role.MARKETER, None),
    ("Fina Sample", "fina@example.com", Role.FINANCE, None),
    ("Otto Sample", "otto@example.com", Role.AUDITOR, None),
)


class SignIn(TypedDict):
    """One line of what `./run` prints at the end."""

    face: str
    user: str
    password: NotRequired[str]
    note: str


def hire(*, passwords: Mapping[str, str]) -> list[SignIn]:
    """Staff with a password and a second factor; whoever is in `passwords` (by e-mail address) keeps that one.

    Passwords are made for this installation alone. Returns how to sign in.
    """
    sign_ins: list[SignIn] = []
    stores = [store["code"] for store in policies.current().document["stores"]]
    for name, email, role, place_of_work in STAFF:
        store = "" if place_of_work is None else stores[place_of_work]
        known = passwords.get(email) if User.objects.filter(email=email).exists() else None
        password = known or staff.new_password()
        user = staff.create(
            email=email, role=role, actor=ACTOR, name=name, store=store, password=None if known else password
        )
        if factors.totp_of(user) is None:
            factors.set_up(user, factors.new_secret())
        place = f" in store {store}" if store else ""
        note = f"{role.label}{place}; the code: ./run manage staff_code {email}"
        sign_ins.append({"face": "Staff", "user": email, "password": password, "note": note})
    return sign_ins


def members() -> list[SignIn]:
    """The best customer of each language; their sign-in code is written to a file."""
    sign_ins: list[SignIn] = []
    for language in ("en", "ja"):
        best = Member.objects.filter(profile__language=language).order_by("-spend_minor", "id").first()
        if best is None:
            continue
        email = Identity.objects.get(member=best, kind=Identity.Kind.EMAIL)
        note = f"a member ({language}); the code arrives in {settings.EMAIL_FILE_PATH}, and staff can read it"
        sign_ins.append({"face": "Portal", "user": email.value, "note": note})
    return sign_ins
