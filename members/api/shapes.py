"""Members as the API shows them (CONTRACT 1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from loyalty import clock, decisions, policies, statements
from loyalty.models import Entry
from loyalty.policies import Policies
from members import cards, consent, identities, masking, tiers
from members.models import Identity, Member, Profile, TierStanding


def moment(instant: datetime, zone: ZoneInfo) -> str:
    """RFC 3339 in the programme's zone."""
    return instant.astimezone(zone).isoformat()


def enrolled(member: Member, zone: ZoneInfo) -> dict[str, Any]:
    """The reply to an enrolment, without personal data."""
    card = Identity.objects.filter(member=member, kind=Identity.Kind.CARD, retired_at=None).first()
    return {
        "id": str(member.pk),
        "status": member.status,
        "card": cards.text(card.value) if card else None,
        "created_at": moment(member.created_at, zone),
    }


def member(member: Member, zone: ZoneInfo, *, masked: bool) -> dict[str, Any]:
    """A member with their profile; `masked` shows just enough to confirm who it is."""
    profile = Profile.objects.filter(pk=member.pk).first() or Profile(member=member)
    known = {kind: identity.value for kind, identity in identities.of(member.pk).items()}
    card, email, phone, external = (known.get(kind) for kind in ("card", "email", "phone", "external_id"))
    shown: dict[str, Any] = {
        "id": str(member.pk),
        "status": member.status,
        "card": card and (masking.text(card) if masked else cards.text(card)),
        "created_at": moment(member.created_at, zone),
        "enrolled_at": moment(member.enrolled_at, zone),
        "store": member.store.code if member.store else None,
        "masked": masked,
        "display_name": masking.name(profile.name),
        "email": email and (masking.email(email) if masked else email),
        "phone": phone and (masking.phone(phone) if masked else phone),
        "external_id": external and (masking.text(external) if masked else external),
        "language": profile.language or None,
        "consents": [
            {"purpose": purpose, "channel": channel, "given": given}
            for (purpose, channel), given in consent.current(member.pk).items()
        ],
    }
    if not masked:
        shown |= {
            "name": profile.name or None,
            "birthday": profile.birthday.isoformat() if profile.birthday else None,
            "attributes": member.attributes,
        }
    return shown


def found(member: Member, programme: Policies) -> dict[str, Any]:
    """One result of a look-up: what a till sees to confirm that it is the right person."""
    profile = Profile.objects.filter(pk=member.pk).first()
    tier = tiers.shown(programme, tiers.standings_of(member.pk), "en")
    return {
        "id": str(member.pk),
        "status": member.status,
        "display_name": masking.name(profile.name) if profile else "",
        "tier": tier["code"] if tier else None,
    }


def wallet(
    member: Member,
    wallet: statements.Wallet,
    standings: Sequence[TierStanding],
    programme: Policies,
    language: str,
) -> dict[str, Any]:
    """Balance, what becomes available and what expires when, and where the member stands."""
    zone = programme.zone
    groups = tiers.explain(member=member, policies=programme, standings=standings, language=language)
    return {
        "member": str(member.pk),
        "status": member.status,
        "balance": wallet.balance,
        "pending": [{"points": row.points, "available_at": moment(row.available_at, zone)} for row in wallet.pending],
        "expiring": [
            {
                "on": clock.last_day(row.expires_at, zone).isoformat() if row.expires_at else None,
                "expires_at": moment(row.expires_at, zone) if row.expires_at else None,
                "points": row.points,
            }
            for row in wallet.expiring
        ],
        "lifetime_earned": wallet.lifetime_earned,
        "tier": groups[0] if groups and groups[0]["code"] else None,
        "tiers": groups,
        "as_of": moment(wallet.as_of, zone),
    }


def entry(entry: Entry, zone: ZoneInfo, reason: str) -> dict[str, Any]:
    """One line of the statement."""
    about, _, rest = entry.reference.partition(":")
    return {
        "id": str(entry.pk),
        "sequence": entry.sequence,
        "kind": entry.kind,
        "points": entry.points,
        "balance_after": entry.balance_after,
        "reference": entry.reference,
        "sale": rest if about == "sale" else None,
        "reverses": str(entry.reverses_id) if entry.reverses_id else None,
        "occurred_at": moment(entry.occurred_at, zone),
        "recorded_at": moment(entry.recorded_at, zone),
        "actor": entry.actor,
        "store": entry.store.code if entry.store else None,
        "reason": reason,
        "decision": str(entry.decision_id) if entry.decision_id else None,
    }


class Reasons:
    """Why each entry of a page moved points, in one language; programme versions are looked up once."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._documents: dict[int, Policies] = {}

    def of(self, entry: Entry) -> str:
        """A few words for one entry."""
        decision = entry.decision
        if decision is None:
            return decisions.word(entry.kind, self.language)
        version = decision.programme_version
        if version not in self._documents:
            self._documents[version] = policies.version(version)
        names = decisions.names(self._documents[version].document, decision.body, self.language)
        return decisions.reason(decision.body, self.language, names) or decisions.word(entry.kind, self.language)
