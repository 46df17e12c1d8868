"""Proving an address by a mailed code (FAULTS G3, G4).

Asking and trying are the same work whether or not a member stands behind the address: who it belongs to is looked up
only after the code was right. allauth keeps its codes in the browser session, where parallel tries are not counted and
a second browser's code lives beside the first; here one row per address holds the code, and its lock counts the tries.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from loyalty import clock
from loyalty.errors import Refusal
from loyalty.models import User
from members import identities
from members.models import Identity, Member, Profile, SignInCode

DIGITS = 6
TRIES = 5
LIFE = timedelta(minutes=10)
CODES_PER_WINDOW = 5
WINDOW = timedelta(minutes=15)


class TooManyCodes(Refusal):
    """More codes were asked for this address than may be sent in a while; `minutes` says how long to wait."""

    status, code, title = 429, "too_many_requests", "Too many codes for this address"


@dataclass(frozen=True)
class Answer:
    """What came of a try. `tries_left` is 0 where the code is used up, timed out or was replaced."""

    right: bool
    tries_left: int


def new_flow() -> str:
    """A name for one browser's attempt, unguessable."""
    return secrets.token_urlsafe(24)


def issue(*, address: str, flow: str) -> str:
    """A new code for `address`, to be mailed there; the one before is dead from now on.

    Raises TooManyCodes beyond CODES_PER_WINDOW in WINDOW; the last code then stays as it is.
    """
    now = clock.now()
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    with transaction.atomic():
        key = _digest("address", identities.fold(Identity.Kind.EMAIL, address))
        SignInCode.objects.bulk_create(
            [SignInCode(address=key, flow="", expires_at=now, counted_from=now)], ignore_conflicts=True
        )
        row = SignInCode.objects.select_for_update().get(pk=key)
        if row.counted_from + WINDOW <= now:
            row.sent, row.counted_from = 0, now
        if row.sent >= CODES_PER_WINDOW:
            raise TooManyCodes(minutes=_minutes(row.counted_from + WINDOW - now))
        row.sent += 1
        row.flow, row.tries_left, row.expires_at = flow, TRIES, now + LIFE
        row.code_hash = _digest("code", key + flow + code)
        row.save()
    return code


def attempt(*, address: str, flow: str, code: str) -> Answer:
    """Judge one try. The row's lock makes parallel tries queue, so at most TRIES are ever judged; right works once."""
    now = clock.now()
    with transaction.atomic():
        key = _digest("address", identities.fold(Identity.Kind.EMAIL, address))
        row = SignInCode.objects.select_for_update().filter(pk=key).first()
        if row is None or row.flow != flow or row.tries_left == 0:
            return Answer(right=False, tries_left=0)
        if not row.expires_at - LIFE <= now < row.expires_at:  # dead for good: a clock that goes back revives nothing
            row.tries_left = 0
            row.save()
            return Answer(right=False, tries_left=0)
        row.tries_left -= 1
        right = constant_time_compare(row.code_hash, _digest("code", key + flow + code.strip()))
        if right:
            row.tries_left, row.code_hash, row.sent = 0, "", 0
        row.save()
        return Answer(right=right, tries_left=row.tries_left)


def user_of(*, member: Member) -> User:
    """The Django user of a member, made at the first sign-in.

    It carries no personal data: its address is the member's random id under a name that cannot exist, so a member who
    is also staff has two users, and a mailed code never opens the staff side.
    """
    with transaction.atomic():
        profile = Profile.objects.select_for_update().get(member=member)
        if profile.user_id is None:
            profile.user = User.objects.create_user(f"{member.pk}@members.invalid")
            profile.save(update_fields=["user"])
        user = profile.user
    if user is None:  # pragma: no cover  (the lines above set it)
        raise Profile.DoesNotExist
    return user


def forget_old(*, before: datetime) -> int:
    """Delete what is left of codes that ran out before `before`; returns how many."""
    return SignInCode.objects.filter(expires_at__lt=before).delete()[0]


def _digest(what: str, text: str) -> str:
    return salted_hmac(f"members.signin.{what}", text, algorithm="sha256").hexdigest()


def _minutes(left: timedelta) -> int:
    return max(1, -(-int(left.total_seconds()) // 60))
