"""Who may do what: one table, read by the admin, the till page and the tests.

**Rule of places.** A role without a store holds everywhere. A role bound to a store holds for what belongs to that
store: its sales; members who enrolled there or have bought there, with their points, decisions and messages; its till.
It also lets its owner read the programme and the list of stores, which are no secrets. What belongs to no store (keys,
staff, facts, audit, books) needs a role without a store. Several roles add up.

**Rule of oneself.** Nobody may sell to, or give or take points of, the membership that has their own e-mail address
(`own_account`), whatever their role.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from loyalty.models import Role, StaffRole, User

# What a word of the table covers. Upper floors are named by string only.
THINGS: dict[str, tuple[str, ...]] = {
    "members": (
        "members.member",
        "members.profile",
        "members.identity",
        "members.consent",
        "members.tierstanding",
        "members.tierchange",
    ),
    "sales": (
        "members.sale",
        "members.saleline",
        "members.activity",
        "rewards.offlinedevice",
        "rewards.offlineconflict",
    ),
    "ledger": (
        "loyalty.account",
        "loyalty.entry",
        "loyalty.lot",
        "loyalty.lotmovement",
        "loyalty.hold",
        "loyalty.decision",
        "rewards.redemption",
    ),
    "messages": ("members.message",),
    "programme": ("loyalty.programme",),
    "drafts": ("rewards.draft",),
    "stores": ("loyalty.store",),
    "keys": ("loyalty.apikey", "loyalty.apiclient"),
    "staff": ("loyalty.user", "loyalty.staffrole"),
    "facts": ("loyalty.fact",),
    "audit": ("loyalty.auditrecord",),
    "corrections": ("rewards.correction", "rewards.correctionpart"),
    "terms": ("members.terms",),
    "reconciliations": ("members.reconciliation", "members.reconciledday", "members.difference"),
}

# Deeds that are not simply looking at or changing a thing.
#   home         the dashboard                  till     sell and take points
#   contact      show masked contact data       export   take a list away as CSV
#   books        read the checks of the books and the points liability   check    run the checks now
#   close        close a month of the points liability for ever
#   reconcile    compare a till's file with our sales
#   correct      prepare the correction of a rule granted in error, and start a small one
#   approve      approve a correction over the limit that somebody else prepared
#   offline      settle what an offline till sent in and was refused
#   clock        move the test clock of a sandbox   reinstate    give expired points back, with a reason
#   terms        write and publish the programme's terms   closing  announce that the programme closes
IN_STORE = frozenset({"members", "sales", "ledger", "messages", "home", "till", "contact", "export", "offline"})
OPEN_TO_READ = frozenset({"programme", "stores"})


@dataclass(frozen=True)
class Powers:
    """What one role may look at, change, and do."""

    view: frozenset[str] = frozenset()
    change: frozenset[str] = frozenset()
    do: frozenset[str] = frozenset()


def _powers(*, view: str = "", change: str = "", do: str = "") -> Powers:
    changes = frozenset(change.split())
    return Powers(view=frozenset(view.split()) | changes, change=changes, do=frozenset(do.split()))


_ALL = "members sales ledger messages programme drafts stores keys staff facts audit corrections terms reconciliations"
TABLE: dict[str, Powers] = {
    Role.CASHIER: _powers(do="till"),
    Role.MANAGER: _powers(view="members sales ledger messages programme stores", do="home till contact export offline"),
    Role.SUPPORT: _powers(
        view="members sales ledger messages programme stores facts corrections terms",
        do="home contact export offline reinstate",
    ),
    Role.MARKETER: _powers(
        view="members sales ledger messages programme stores corrections terms",
        change="drafts",
        do="home correct terms clock",
    ),
    Role.FINANCE: _powers(
        view="sales ledger programme drafts stores corrections terms reconciliations",
        do="home books check export approve close reconcile",
    ),
    Role.AUDITOR: _powers(view=_ALL, do="home books check export"),
    Role.ADMINISTRATOR: _powers(
        view=_ALL,
        change="stores keys staff drafts",
        do="home till contact export offline books check correct approve terms closing close reconcile clock reinstate",
    ),
}

_THING_OF = {model: thing for thing, models in THINGS.items() for model in models}
_DELETABLE = frozenset({"loyalty.staffrole"})  # a role can be taken away; everything else is history


@dataclass(frozen=True)
class Held:
    """One role somebody holds; `store` None is everywhere."""

    role: str
    store: UUID | None

    def allows(self, act: str, thing: str) -> bool:
        """Whether this one role allows `act` ("view", "change" or "do") on a thing, somewhere."""
        powers = TABLE.get(self.role, Powers())
        words = {"view": powers.view, "change": powers.change, "do": powers.do}[act]
        if thing not in words:
            return False
        if self.store is None or thing in IN_STORE:
            return True
        return act == "view" and thing in OPEN_TO_READ


def held(user: Any) -> list[Held]:
    """The roles of a person, read once per request (a user object lives no longer than that)."""
    if not getattr(user, "is_staff", False) or not user.is_active:
        return []
    known: list[Held] | None = getattr(user, "_roles_held", None)
    if known is None:
        known = [Held(role, store) for role, store in user.roles.values_list("role", "store_id")]
        if user.is_superuser:
            known.append(Held(Role.ADMINISTRATOR, None))
        user._roles_held = known
    return known


def may(user: Any, act: str, thing: str) -> bool:
    """Whether `user` may `act` ("view", "change" or "do") on `thing` anywhere at all."""
    return any(one.allows(act, thing) for one in held(user))


def reach(user: Any, act: str, thing: str) -> frozenset[UUID] | None:
    """Where `user` may do it: None is everywhere, else the ids of stores (none at all is the empty set)."""
    places = [one.store for one in held(user) if one.allows(act, thing)]
    if None in places:
        return None
    return frozenset(place for place in places if place is not None)


def actor(user: User) -> str:
    """How a person is named in entries, facts and the audit log: by id, never by name or address."""
    return f"staff:{user.pk}"


class StaffBackend(ModelBackend):
    """Signs staff in by password and answers Django's `has_perm` from the table; groups do not count."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Only active staff with a role; members have no password and sign in elsewhere."""
        return super().user_can_authenticate(user) and bool(held(user))

    def get_user(self, user_id: Any) -> User | None:
        """The user of a session. A disabled one is nobody from the next request on."""
        user: User | None = User.objects.filter(pk=user_id, is_active=True).first()
        return user

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """`app.act_model` by the table; `add` counts as `change`, `delete` only where a thing may go."""
        app, _, codename = perm.partition(".")
        act, _, model = codename.partition("_")
        label = f"{app}.{model}"
        thing = _THING_OF.get(label)
        if thing is None:
            return False
        if act == "delete":
            return label in _DELETABLE and may(user_obj, "change", thing)
        return may(user_obj, "view" if act == "view" else "change", thing)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether anything of an app may be seen."""
        return any(
            may(user_obj, "view", thing)
            for thing, models in THINGS.items()
            if any(model.startswith(f"{app_label}.") for model in models)
        )

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Every `app.act_model` that `has_perm` grants."""
        return {
            f"{app}.{act}_{model}"
            for label in _THING_OF
            for app, _, model in [label.partition(".")]
            for act in ("view", "add", "change", "delete")
            if self.has_perm(user_obj, f"{app}.{act}_{model}")
        }


def role_rows(request: HttpRequest) -> list[StaffRole]:
    """The role rows of whoever is signed in, with their stores, for the account page."""
    return list(StaffRole.objects.filter(user=request.user.pk).select_related("store"))
