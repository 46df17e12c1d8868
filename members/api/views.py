"""Members over the API: enrol, find, read, change; wallet, statement, decisions."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from loyalty import decisions, policies, statements
from loyalty.api import edge, fields, pagination
from loyalty.api.problems import StoreMismatch
from loyalty.errors import (
    FieldError,
    IdentityTaken,
    InvalidBody,
    MemberClosed,
    MemberErased,
    MemberNotFound,
    NotFound,
    ProgrammeClosed,
    StoreNotFound,
)
from loyalty.models import Decision
from members import consent, enrolment, identities, locks, profile
from members.api import replies, shapes
from members.api.references import Value
from members.models import Member
from members.referrals import OwnReferral, ReferralNotFound

READ, WRITE = "members:read", "members:write"
IDENTITIES = ("card", "email", "phone", "external_id")
NameText = Annotated[str, Meta(max_length=profile.LONGEST_NAME)]
LanguageText = Annotated[str, Meta(max_length=35)]


class ConsentBody(Struct, forbid_unknown_fields=True):
    """One answer of the member."""

    purpose: fields.Slug
    channel: fields.Slug
    given: bool


class EnrolBody(Struct, forbid_unknown_fields=True):
    """Who joins; one of card, email, phone and external_id at least."""

    name: NameText | None = None
    email: Value | None = None
    phone: Value | None = None
    card: Value | None = None
    external_id: Value | None = None
    birthday: fields.Day | None = None
    language: LanguageText | None = None
    store: fields.Code | None = None
    referral_code: fields.Label | None = None
    consents: Annotated[list[ConsentBody], Meta(max_length=consent.MOST)] = []
    attributes: dict[str, Any] = {}
    terms_version: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None


class ChangeBody(Struct, forbid_unknown_fields=True):
    """What changes. What is left out stays; null takes it away."""

    name: NameText | UnsetType | None = UNSET
    email: Value | UnsetType | None = UNSET
    phone: Value | UnsetType | None = UNSET
    card: Value | UnsetType = UNSET
    external_id: Value | UnsetType | None = UNSET
    birthday: fields.Day | UnsetType | None = UNSET
    language: LanguageText | UnsetType | None = UNSET
    consents: Annotated[list[ConsentBody], Meta(max_length=consent.MOST)] = []
    attributes: dict[str, Any] | UnsetType = UNSET


class LookupBody(Struct, forbid_unknown_fields=True):
    """Exactly one of these."""

    card: Value | None = None
    email: Value | None = None
    phone: Value | None = None
    external_id: Value | None = None


class EntriesQuery(pagination.Page, forbid_unknown_fields=True):
    """A page of a statement: newest first, or with `order=sequence` oldest first."""

    order: Literal["sequence", "-sequence"] = "-sequence"


class Members(edge.View):
    """The collection of members."""

    @edge.post(
        scope=WRITE,
        body=EnrolBody,
        status=201,
        refusals=(IdentityTaken, StoreNotFound, ReferralNotFound, OwnReferral, ProgrammeClosed),
    )
    def post(self, call: edge.Call, body: EnrolBody) -> dict[str, Any]:
        """Enrol a member. The reply holds no personal data."""
        if all(getattr(body, kind) is None for kind in IDENTITIES):
            said = "One of card, email, phone and external_id is needed."
            raise InvalidBody(said, errors=tuple(FieldError(kind, "required", said) for kind in IDENTITIES))
        member = enrolment.enrol(
            name=body.name or "",
            email=body.email,
            phone=body.phone,
            card=body.card,
            external_id=body.external_id,
            birthday=body.birthday,
            language=body.language or "",
            store=call.writes_store(body.store) if body.store else call.store,
            consents=_choices(body.consents),
            attributes=body.attributes,
            referral_code=body.referral_code,
            terms_version=body.terms_version,
            place="till" if call.store else "api",
            actor=call.actor,
        )
        call.about(member.pk)
        return shapes.enrolled(member, policies.current().zone)

    @edge.get(scope=READ, query=LookupBody, reply=replies.FoundPage)
    def get(self, call: edge.Call, query: LookupBody) -> dict[str, Any]:
        """Find a member by one identity; nothing found is an empty list."""
        if query.phone and query.phone.startswith(" "):  # a + that was sent as it is means a space in an address
            query.phone = f"+{query.phone.strip()}"
        return _look_up(query)


class Lookup(edge.View):
    """Finding a member without leaving the identity in an address, which logs would keep."""

    @edge.post(scope=READ, body=LookupBody, key=False, transaction=False, reply=replies.FoundPage)
    def post(self, call: edge.Call, body: LookupBody) -> dict[str, Any]:
        """Find a member by one identity; nothing found is an empty list."""
        return _look_up(body)


class OneMember(edge.View):
    """One member."""

    @edge.get(scope=READ, reply=replies.MemberShown, refusals=(NotFound, MemberErased))
    def get(self, call: edge.Call, member_id: UUID) -> dict[str, Any]:
        """A member with the profile, masked for keys that are bound to a store."""
        member = member_of_path(member_id)
        return shapes.member(member, policies.current().zone, masked=call.store is not None)

    @edge.patch(
        scope=WRITE,
        body=ChangeBody,
        reply=replies.MemberShown,
        refusals=(StoreMismatch, NotFound, IdentityTaken, MemberClosed, MemberErased),
    )
    def patch(self, call: edge.Call, body: ChangeBody, member_id: UUID) -> dict[str, Any]:
        """Change a profile or its identities. The reply is masked unless the key may read profiles.

        A key that is bound to a store changes the members of its store only, and adds an identity but replaces none.
        """
        try:
            member = locks.lock(id=member_id).member
        except MemberNotFound:
            raise NotFound from None
        changes = {
            name: value
            for name in ("name", "birthday", "language", *IDENTITIES, "attributes")
            if (value := getattr(body, name)) is not UNSET
        }
        replaced = identities.replaced(member.pk, {kind: changes[kind] for kind in IDENTITIES if kind in changes})
        _refuse_elsewhere(call, member, replaced)
        profile.change(
            member=member,
            consents=_choices(body.consents),
            actor=call.actor,
            store=call.store.code if call.store else "",
            **changes,
        )
        call.about(member.pk)
        masked = call.store is not None or READ not in call.scopes
        return shapes.member(member, policies.current().zone, masked=masked)


class Entries(edge.View):
    """What moved a member's points."""

    @edge.get(scope=READ, query=EntriesQuery, reply=replies.EntryPage, refusals=(NotFound, MemberErased))
    def get(self, call: edge.Call, query: EntriesQuery, member_id: UUID) -> dict[str, Any]:
        """The statement, newest first unless asked, each entry with its reason."""
        member, programme = member_of_path(member_id), policies.current()
        purpose = f"entries:{member.pk}:{query.order}"
        after = pagination.after(query.cursor, purpose=purpose)
        found = statements.entries(
            member.account_id,
            oldest_first=query.order == "sequence",
            after=int(after[0]) if after else None,
            limit=query.limit + 1,
        )
        page = pagination.results(found, limit=query.limit, purpose=purpose, key=lambda row: [row.sequence])
        reasons = shapes.Reasons(call.language or programme.languages[0])
        page["results"] = [shapes.entry(row, programme.zone, reasons.of(row)) for row in page["results"]]
        return page


class Why(edge.View):
    """The receipt of a decision."""

    @edge.get(scope=READ, reply=replies.DecisionShown, refusals=(NotFound,))
    def get(self, call: edge.Call, decision_id: UUID) -> dict[str, Any]:
        """Why points were given, refused or taken, or a level changed."""
        decision = Decision.objects.filter(pk=decision_id).first()
        if decision is None:
            raise NotFound
        return decisions.show(decision)


def member_of_path(member_id: UUID) -> Member:
    """The member of a path; a closed membership can still be read. Raises NotFound, MemberErased."""
    member = Member.objects.select_related("store").filter(pk=member_id).first()
    if member is None:
        raise NotFound
    if member.status in (Member.Status.ERASED, Member.Status.MERGED):
        raise MemberErased
    return member


def _refuse_elsewhere(call: edge.Call, member: Member, replaced: list[str]) -> None:
    """Raises StoreMismatch where a key that is bound to a store reaches for more than it may change."""
    if call.store is None:
        return
    if member.store_id != call.store.pk:
        raise StoreMismatch(f"This key changes only members of {call.store.code}.")
    if replaced:
        said = "A key that is bound to a store does not replace or take away this identity: {}."
        raise StoreMismatch(
            said.format(", ".join(replaced)),
            errors=tuple(FieldError(kind, StoreMismatch.code, said.format(kind)) for kind in replaced),
        )


def _look_up(asked: LookupBody) -> dict[str, Any]:
    given = {kind: value for kind in IDENTITIES if (value := getattr(asked, kind)) is not None}
    if len(given) != 1:
        code = "exactly_one" if given else "required"
        raise fields.wrong("", code, "Exactly one of card, email, phone and external_id is needed.")
    try:
        member = locks.find(**given, closed=True)
    except (MemberNotFound, MemberErased):
        return {"results": [], "next": None}
    return {"results": [shapes.found(member, policies.current())], "next": None}


def _choices(bodies: list[ConsentBody]) -> list[consent.Choice]:
    return [consent.Choice(body.purpose, body.channel, body.given) for body in bodies]
