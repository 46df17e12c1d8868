"""What a member is found by: card, e-mail address, phone number, external id. Stored folded, unique in the
database.

A lost card is never given out again. An address or a number that was given up stays with its member as
history and may become somebody else's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from uuid import UUID

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection

from loyalty import clock, policies, rows
from loyalty.errors import FieldError, IdentityTaken
from loyalty.policies import Policies
from members import cards, regions
from members.models import Identity, Member

Kind = Identity.Kind
KINDS: tuple[str, ...] = tuple(Kind.values)
_LONGEST = 254
_NOT_A_PHONE = "This is not a phone number. Write it with its country code, for example +81 90 1234 5678."
_CLASH = re.compile(r"\(kind, value\)=\(([a-z_]+), ")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class NotAnIdentityError(ValueError):
    """The text cannot be an identity of this kind; `code` is the contract's, `detail` says what is wrong."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def fold(kind: str, text: str, programme: Policies | None = None) -> str:
    """The stored form of what was typed, so that one thing has one form however it is written.

    `programme` says in which country a phone number is dialled; read where needed if it is not given. Raises
    NotAnIdentityError.
    """
    if len(text) > 4 * _LONGEST:
        raise NotAnIdentityError("too_long", "This is too long.")
    if kind == Kind.PHONE:
        return _phone(text, programme)
    return _FOLDS[kind](text)


def text(identity: Identity) -> str:
    """An identity as people read it: a card in fours, anything else as stored."""
    return cards.text(identity.value) if identity.kind == Kind.CARD else identity.value


def find(**given: str | None) -> Member | None:
    """The member with this card, email, phone or external_id (exactly one of them), or None.

    What cannot be an identity at all belongs to nobody.
    """
    named = [(kind, value) for kind, value in given.items() if value is not None]
    if len(named) != 1:
        raise TypeError("a member is found by exactly one identity")
    [(kind, value)] = named
    try:
        folded = fold(kind, value)
    except NotAnIdentityError:
        return None
    return Member.objects.filter(identities__kind=kind, identities__value=folded, identities__retired_at=None).first()


def of(member_id: UUID) -> dict[str, Identity]:
    """The identities of a member that are in use, newest of each kind."""
    found = Identity.objects.filter(member_id=member_id, retired_at=None).order_by("created_at")
    return {identity.kind: identity for identity in found}


def values_of(member_id: UUID) -> dict[str, str]:
    """The stored forms of the identities in use, by kind."""
    return {kind: identity.value for kind, identity in of(member_id).items()}


def replaced(member_id: UUID, given: Mapping[str, str | None]) -> list[str]:
    """The kinds of `given` (as it was typed; None takes away) of which the member has another value in use.

    What cannot be an identity is another one, too.
    """
    return [kind for kind, identity in of(member_id).items() if kind in given and not _same(identity, given[kind])]


def folded(given: Mapping[str, str | None], programme: Policies, errors: list[FieldError]) -> dict[str, str]:
    """Fold what is given by kind, leaving out None; adds an error for each that is wrong."""
    values: dict[str, str] = {}
    for kind, value in given.items():
        if value is None:
            continue
        try:
            values[kind] = fold(kind, value, programme)
        except NotAnIdentityError as error:
            errors.append(FieldError(kind, error.code, error.detail))
    return values


def refuse_taken(values: Mapping[str, str], *, besides: UUID | None = None) -> None:
    """Raise IdentityTaken where another member than `besides` has one of `values` (kind → folded form).

    Under concurrency the unique constraint has the last word: see `refusal`.
    """
    if not values:
        return
    asked = list(values.items())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.kind, i.member_id FROM members_identity i"
            " JOIN unnest(%s::text[], %s::text[]) AS asked(kind, value)"
            " ON i.kind = asked.kind AND i.value = asked.value"
            " WHERE i.retired_at IS NULL OR i.kind = 'card'",
            [[kind for kind, _ in asked], [value for _, value in asked]],
        )
        kinds = sorted({kind for kind, member in cursor.fetchall() if member != besides})
    if kinds:
        raise taken(*kinds)


def taken(*kinds: str) -> IdentityTaken:
    """The refusal that says which of the fields belong to another member already, and not whose they are."""
    return IdentityTaken(errors=tuple(FieldError(kind, "identity_taken", _TAKEN[kind]) for kind in kinds))


def refusal(error: IntegrityError, values: Mapping[str, str]) -> Exception:
    """What to raise where writing `values` failed: IdentityTaken if a rival was faster, else `error`."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is None or diagnosis.constraint_name != "identity_once":
        return error
    named = _CLASH.search(diagnosis.message_detail or "")
    return taken(*([named[1]] if named and named[1] in KINDS else values))


def replace(*, member: Member, wanted: Mapping[str, str | None]) -> list[Identity]:
    """Give a locked member other identities (kind → folded value; None: none of that kind), already checked.

    The ones before are retired, and brought back where a member returns to one of them. Returns those retired.
    """
    if not wanted:
        return []
    known = list(Identity.objects.filter(member=member, kind__in=wanted))
    now = clock.now()
    retired = []
    for identity in known:
        stays = identity.value == wanted[identity.kind]
        if stays == (identity.retired_at is None):
            continue
        identity.retired_at = None if stays else now
        rows.write(change=[(identity, ("retired_at",))])
        if not stays:
            retired.append(identity)
    had = {(identity.kind, identity.value) for identity in known}
    rows.write(
        [
            Identity(member=member, kind=kind, value=value, created_at=now)
            for kind, value in wanted.items()
            if value is not None and (kind, value) not in had
        ]
    )
    return retired


def _same(identity: Identity, typed: str | None) -> bool:
    try:
        return typed is not None and fold(identity.kind, typed) == identity.value
    except NotAnIdentityError:
        return False


def _card(text: str) -> str:
    try:
        return cards.fold(text)
    except cards.NotACardError:
        raise NotAnIdentityError("not_a_card", "A card number has 4 to 32 letters and digits.") from None


def _email(text: str) -> str:
    """Trim, NFKC, lower-case. Plus-addresses and dots are kept: they are other addresses."""
    value = unicodedata.normalize("NFKC", text).strip().lower()
    try:
        validate_email(value)
    except ValidationError:
        raise NotAnIdentityError("not_an_email", "This is not an e-mail address.") from None
    if len(value) > _LONGEST:
        raise NotAnIdentityError("too_long", "An e-mail address has at most 254 characters.")
    return value


def _phone(text: str, programme: Policies | None) -> str:
    """E.164. Without a country code the number is dialled in the programme's country.

    Only the length is judged by country: numbering plans change faster than a library that somebody hosts.
    """
    value = unicodedata.normalize("NFKC", text).strip()
    region = None if value.startswith("+") else regions.of(programme or policies.current())
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        raise NotAnIdentityError("not_a_phone", _NOT_A_PHONE) from None
    if not phonenumbers.is_possible_number(number) or number.extension:
        raise NotAnIdentityError("not_a_phone", _NOT_A_PHONE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _external(text: str) -> str:
    """Another system's name for the member; upper and lower case differ."""
    value = unicodedata.normalize("NFC", text).strip()
    if not value or _CONTROL.search(value):
        raise NotAnIdentityError("required", "An external id is not empty.")
    if len(value) > _LONGEST:
        raise NotAnIdentityError("too_long", "An external id has at most 254 characters.")
    return value


_FOLDS: dict[str, Callable[[str], str]] = {
    Kind.CARD: _card,
    Kind.EMAIL: _email,
    Kind.EXTERNAL: _external,
}
_TAKEN: dict[str, str] = {
    Kind.CARD: "This card belongs to a member already.",
    Kind.EMAIL: "This e-mail address belongs to a member already.",
    Kind.PHONE: "This phone number belongs to a member already.",
    Kind.EXTERNAL: "This external id belongs to a member already.",
}
