"""Members who bring friends: each has a code, and who joins with it is theirs, once and for all."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from uuid import UUID

from loyalty import clock
from loyalty.errors import Refusal
from members.models import Identity, Member, Profile, Referral, ReferralCode

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none looks like another
LENGTH = 10  # 50 bits
LONGEST = 40  # as typed


class ReferralNotFound(Refusal):
    """The referral code is nobody's, or its member has left."""

    status, code, title = 422, "referral_not_found", "No such referral code"


class OwnReferral(Refusal):
    """The code belongs to the same person: nobody brings themselves."""

    status, code, title = 422, "own_referral", "This referral code is your own"


def make(member: Member) -> ReferralCode:
    """A fresh code, not yet written."""
    return ReferralCode(member=member, code="".join(secrets.choice(LETTERS) for _ in range(LENGTH)))


def code_of(member: Member) -> str:
    """The code of a member as it is shown, ABCDE-12345; made here for those who joined before there were any."""
    found = ReferralCode.objects.filter(pk=member.pk).first()
    if found is None:
        ReferralCode.objects.bulk_create([make(member)], ignore_conflicts=True)
        found = ReferralCode.objects.get(pk=member.pk)
    return f"{found.code[:5]}-{found.code[5:]}"


def folded(code: str) -> str:
    """The stored form of what was typed: O, I and L read as the digits they look like."""
    plain = code[:LONGEST].upper().replace("-", "").replace(" ", "")
    return plain.translate(str.maketrans("OIL", "011"))


def referrer(code: str) -> Member:
    """The active member whose code this is. Raises ReferralNotFound."""
    found = ReferralCode.objects.select_related("member").filter(code=folded(code)).first()
    if found is None or found.member.status != Member.Status.ACTIVE:
        raise ReferralNotFound
    return found.member


def refuse_own(referrer: Member, identities: Mapping[str, str], name: str, birthday: date | None) -> None:
    """Raise OwnReferral where a newcomer is, by all one can see, the referrer: the same mailbox (whatever follows a +
    in it), a number or card that was theirs, or the same name and birthday."""
    theirs = {(one.kind, _mailbox(one.kind, one.value)) for one in Identity.objects.filter(member=referrer)}
    if any((kind, _mailbox(kind, value)) in theirs for kind, value in identities.items()):
        raise OwnReferral
    if name and birthday:
        known = Profile.objects.filter(pk=referrer.pk).values_list("name", "birthday").first()
        if known is not None and (known[0].casefold(), known[1]) == (name.casefold(), birthday):
            raise OwnReferral


def bond(*, friend: Member, referrer: Member) -> Referral:
    """The row that says who brought a friend, not yet written."""
    return Referral(friend=friend, referrer=referrer, created_at=clock.now())


def open_ones(limit: int) -> list[UUID]:
    """Friends who have bought and whose referral was not settled, the oldest first."""
    found = Referral.objects.filter(settled_at=None, friend__first_sale_at__isnull=False)
    return list(found.order_by("created_at").values_list("pk", flat=True)[:limit])


def _mailbox(kind: str, value: str) -> str:
    if kind != Identity.Kind.EMAIL:
        return value
    local, _, domain = value.partition("@")
    return f"{local.partition('+')[0]}@{domain}"
