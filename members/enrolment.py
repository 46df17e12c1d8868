"""Joining the programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from loyalty import clock, outbox, policies, rows
from loyalty.errors import FieldError, InvalidBody, ProgrammeClosed
from loyalty.models import Account, Store
from members import cards, consent, identities, profile, referrals, terms, tiers
from members.models import Identity, Member, Profile, TermsAcceptance


def enrol(
    *,
    actor: str,
    name: str = "",
    email: str | None = None,
    phone: str | None = None,
    card: str | None = None,
    external_id: str | None = None,
    birthday: date | None = None,
    language: str = "",
    store: Store | None = None,
    consents: Sequence[consent.Choice] = (),
    attributes: Mapping[str, Any] | None = None,
    referral_code: str | None = None,
    occurred_at: datetime | None = None,
    terms_version: int | None = None,
    place: str = "api",
) -> Member:
    """Make somebody a member: account, member, profile, identities, consents and standings, or nothing of it.

    Issues a card where none is given. `actor` is who enrols (key:…, staff:…, member); `occurred_at` when it
    happened, by default now. `referral_code` is that of the member who brought the newcomer; `terms_version` the terms
    they accepted, at `place`. Returns the member; `member.enrolled` is told, and `profile.complete` where it is. Raises
    InvalidBody naming every field that is wrong, IdentityTaken, also when a rival with the same identity commits first,
    ReferralNotFound, OwnReferral and ProgrammeClosed.
    """
    given = {"card": card, "email": email, "phone": phone, "external_id": external_id}
    errors: list[FieldError] = []
    programme = policies.current()
    folded = identities.folded(given, programme, errors)
    who = Profile(
        name=profile.checked_name(name, errors),
        birthday=profile.checked_birthday(birthday, programme, errors),
        language=profile.checked_language(language, programme, errors),
    )
    checked = profile.checked_attributes(attributes or {}, errors)
    errors += consent.wrong(consents)
    agreed = terms.get(terms_version, errors) if terms_version is not None else None
    if errors:
        raise InvalidBody(errors=tuple(errors))
    identities.refuse_taken(folded)
    brought_by = referrals.referrer(referral_code) if referral_code else None
    if brought_by is not None:
        referrals.refuse_own(brought_by, folded, who.name, who.birthday)
    now = clock.now()
    at = occurred_at or now
    _refuse_closing(programme, at)
    account = Account(opened_at=at, as_of=now)
    member = Member(account=account, store=store, enrolled_at=at, created_at=now, attributes=checked)
    who.member = member
    try:
        with transaction.atomic(savepoint=False), rows.together():
            rows.write(account, member, who, referrals.make(member))
            if brought_by is not None:
                rows.write(referrals.bond(friend=member, referrer=brought_by))
            rows.write(
                [
                    Identity(member=member, kind=kind, value=value, created_at=at)
                    for kind, value in {"card": cards.make(), **folded}.items()
                ]
            )
            rows.write(consent.instances(member=member, choices=consents, source=actor, at=at))
            rows.write(tiers.opening(member=member, policies=programme, at=at))
            if agreed is not None:
                rows.write(TermsAcceptance(member=member, terms=agreed, at=at, place=place, source=actor))
            _tell(member, complete=profile.is_complete(who, folded))
    except IntegrityError as error:
        raise identities.refusal(error, folded) from error
    return member


def _refuse_closing(programme: policies.Policies, at: datetime) -> None:
    if programme.closing is not None and at >= programme.closing.earning_until:
        raise ProgrammeClosed("Nobody can join any more: this programme is closing.")


def _tell(member: Member, *, complete: bool) -> None:
    for fact in ("member.enrolled", *(("profile.complete",) if complete else ())):
        outbox.record(
            fact,
            account=member.account_id,
            payload={"member": str(member.pk), "store": member.store.code if member.store else None},
            occurred_at=member.enrolled_at,
        )
