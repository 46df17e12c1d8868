"""What a member says about themselves, and changing it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from msgspec import UNSET, UnsetType

from loyalty import audit, clock, outbox, policies, rows
from loyalty.errors import FieldError, InvalidBody
from loyalty.policies import Policies
from members import consent, identities
from members.models import Identity, Member, Profile

OLDEST_BIRTHDAY = date(1900, 1, 1)
LONGEST_NAME = 200
MOST_ATTRIBUTES = 50
LONGEST_ATTRIBUTE = 500
REACHED_BY = (Identity.Kind.EMAIL, Identity.Kind.PHONE)  # whoever has these signs in to the portal
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}", re.ASCII)


def change(
    *,
    member: Member,
    actor: str,
    name: str | UnsetType | None = UNSET,
    birthday: date | UnsetType | None = UNSET,
    language: str | UnsetType | None = UNSET,
    email: str | UnsetType | None = UNSET,
    phone: str | UnsetType | None = UNSET,
    card: str | UnsetType | None = UNSET,
    external_id: str | UnsetType | None = UNSET,
    consents: Sequence[consent.Choice] = (),
    attributes: Mapping[str, Any] | UnsetType = UNSET,
    store: str = "",
) -> Member:
    """Change what is given of a locked member; None takes a value away, an attribute of None that attribute.

    An identity that is replaced or taken away stays on record as retired; of an e-mail address `member.email_changed`
    is told, of a profile that has become complete `profile.complete`, and the audit log keeps that an address or number
    changed, in `store` if it was in one. Raises InvalidBody, naming every field that is wrong, and IdentityTaken; then
    nothing has changed.
    """
    programme = policies.current()
    errors: list[FieldError] = []
    given = {"card": card, "email": email, "phone": phone, "external_id": external_id}
    wanted = {kind: value for kind, value in given.items() if value is not UNSET}
    folded = identities.folded(
        {kind: value for kind, value in wanted.items() if isinstance(value, str)}, programme, errors
    )
    profile = Profile.objects.get(pk=member.pk)
    known = identities.values_of(member.pk)
    was_complete = is_complete(profile, known)
    names = _change_profile(profile, name, birthday, language, programme, errors)
    merged = _merged(member, attributes, errors)
    errors += consent.wrong(consents)
    if "card" in wanted and wanted["card"] is None:
        errors.append(FieldError("card", "required", "A member keeps a card; give the number of the new one."))
    if errors:
        raise InvalidBody(errors=tuple(errors))
    identities.refuse_taken(folded, besides=member.pk)
    kept = {kind: value for kind, value in known.items() if kind not in wanted}
    try:
        with transaction.atomic(savepoint=False), rows.together():
            if names:
                rows.write(change=[(profile, tuple(names))])
            if not was_complete and is_complete(profile, {**kept, **folded}):
                _tell_complete(member)
            if merged is not None:
                member.attributes = merged
                rows.write(change=[(member, ("attributes",))])
            retired = identities.replace(member=member, wanted={kind: folded.get(kind) for kind in wanted})
            _tell(member, retired)
            consent.change(member=member, choices=consents, source=actor)
    except IntegrityError as error:
        raise identities.refusal(error, folded) from error
    _keep(member, retired, actor, store)
    return member


def is_complete(profile: Profile, identities: Mapping[str, str]) -> bool:
    """Whether a member has told everything that a programme may thank for: name, birthday, and a way to be reached."""
    return bool(profile.name and profile.birthday and (identities.get("email") or identities.get("phone")))


def _merged(
    member: Member, attributes: Mapping[str, Any] | UnsetType, errors: list[FieldError]
) -> dict[str, Any] | None:
    """The attributes with those that were given, without those given as None; None where nothing was given."""
    if isinstance(attributes, UnsetType):
        return None
    merged = {**member.attributes, **attributes}
    return checked_attributes({key: value for key, value in merged.items() if value is not None}, errors)


def _keep(member: Member, retired: Sequence[Identity], actor: str, store: str) -> None:
    """The audit log keeps which kinds of addresses and numbers were given up."""
    if changed := sorted({identity.kind for identity in retired}.intersection(REACHED_BY)):
        audit.record(
            action="member.identity_changed",
            actor=actor,
            object_type="member",
            object_id=str(member.pk),
            store=store,
            data={"identities": changed},
        )


def _tell_complete(member: Member) -> None:
    outbox.record(
        "profile.complete",
        account=member.account_id,
        payload={"member": str(member.pk), "store": None},
        occurred_at=clock.now(),
    )


def _tell(member: Member, retired: Sequence[Identity]) -> None:
    """One fact for each e-mail address that is no longer the member's."""
    for identity in retired:
        if identity.kind == Identity.Kind.EMAIL:
            outbox.record(
                "member.email_changed",
                account=member.account_id,
                payload={"member": str(member.pk), "identity": str(identity.pk)},
                occurred_at=clock.now(),
            )


def _change_profile(
    profile: Profile,
    name: str | UnsetType | None,
    birthday: date | UnsetType | None,
    language: str | UnsetType | None,
    programme: Policies,
    errors: list[FieldError],
) -> list[str]:
    """Set what is given on the profile, in memory; returns the fields that were set."""
    names = []
    if not isinstance(name, UnsetType):
        profile.name = checked_name(name or "", errors)
        names.append("name")
    if not isinstance(birthday, UnsetType):
        profile.birthday = checked_birthday(birthday, programme, errors)
        names.append("birthday")
    if not isinstance(language, UnsetType):
        profile.language = checked_language(language or "", programme, errors)
        names.append("language")
    return names


def language_of(member: Member) -> str:
    """The language to write to a member in: their own, else the programme's first."""
    own = Profile.objects.filter(pk=member.pk).values_list("language", flat=True).first()
    return own or policies.current().languages[0]


def checked_name(name: str, errors: list[FieldError]) -> str:
    """A name without spaces around it, in composed form (NFC). Any script; "" is nobody's name."""
    value = unicodedata.normalize("NFC", name).strip()
    if len(value) > LONGEST_NAME:
        errors.append(FieldError("name", "too_long", f"A name has at most {LONGEST_NAME} characters."))
    if _CONTROL.search(value):
        errors.append(FieldError("name", "not_text", "A name has no line breaks or control characters."))
    return value


def checked_birthday(birthday: date | None, programme: Policies, errors: list[FieldError]) -> date | None:
    """A day between 1900 and today, in the programme's zone; 29 February is one."""
    if birthday is None:
        return None
    today = clock.day_of(clock.now(), programme.zone)
    if not OLDEST_BIRTHDAY <= birthday <= today:
        errors.append(FieldError("birthday", "out_of_range", "A birthday lies between 1900 and today."))
    return birthday


def checked_language(language: str, programme: Policies, errors: list[FieldError]) -> str:
    """The language spoken here that a BCP 47 tag asks for: `en` for `EN-gb`; "" = the programme's."""
    if not language:
        return ""
    if len(language) > 12 or _TAG.fullmatch(language) is None:
        errors.append(FieldError("language", "not_a_language", "A language is a tag such as “ja” or “en-GB”."))
        return language
    spoken = {known.lower(): known for known in (*(code for code, _ in settings.LANGUAGES), *programme.languages)}
    tag = language.lower()
    while tag:
        if tag in spoken:
            return spoken[tag]
        tag = tag.rpartition("-")[0]
    offered = ", ".join(sorted(spoken.values()))
    errors.append(FieldError("language", "unknown_language", f"The programme speaks: {offered}."))
    return language


def checked_attributes(attributes: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Any]:
    """Up to 50 named texts, numbers or yes/no values of the caller's own, for rules and segments."""
    if len(attributes) > MOST_ATTRIBUTES:
        errors.append(FieldError("attributes", "out_of_range", f"At most {MOST_ATTRIBUTES} attributes."))
    for key, value in attributes.items():
        if _ATTRIBUTE.fullmatch(key) is None:
            errors.append(FieldError("attributes", "not_a_code", "An attribute's name: A–Z, a–z, 0–9, _ . -"))
        elif not isinstance(value, str | bool | int | float):
            errors.append(FieldError(f"attributes.{key}", "not_a_value", "A text, a number, true or false."))
        elif len(str(value)) > LONGEST_ATTRIBUTE or "\0" in str(value):
            errors.append(FieldError(f"attributes.{key}", "too_long", f"At most {LONGEST_ATTRIBUTE} characters."))
    return dict(attributes)
