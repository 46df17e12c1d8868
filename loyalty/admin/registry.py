"""Lists of the ground floor: stores, programme versions, facts, the audit log."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from loyalty import policies
from loyalty.admin import words
from loyalty.admin.shell import ReadOnlyRoom, choice_filter, site
from loyalty.models import ApiKey, AuditRecord, Fact, Programme, Store

ACTS = {
    "staff.signed_in": _("signed in"),
    "staff.signed_out": _("signed out"),
    "staff.sign_in_failed": _("sign-in failed"),
    "staff.factor_set_up": _("second factor set up"),
    "staff.factor_reset": _("second factor reset"),
    "staff.password_changed": _("password changed"),
    "staff.password_set": _("password set for somebody"),
    "staff.created": _("member of staff added"),
    "role.granted": _("role given"),
    "role.removed": _("role taken away"),
    "user.changed": _("member of staff changed"),
    "key.created": _("API key made"),
    "key.revoked": _("API key revoked"),
    "member.viewed": _("contact data shown"),
    "member.identity_changed": _("e-mail address or phone number changed"),
    "message.viewed": _("message read"),
    "list.exported": _("list exported"),
    "books.checked": _("books checked"),
    "draft.started": _("draft started"),
    "draft.changed": _("draft edited"),
    "draft.discarded": _("draft thrown away"),
    "programme.published": _("programme published"),
    "programme.applied": _("programme applied"),
    "programme.rolled_back": _("programme rolled back"),
    "whatif.started": _("what-if started"),
    "whatif.stopped": _("what-if stopped"),
    "correction.prepared": _("correction prepared"),
    "correction.started": _("correction started"),
    "correction.approved": _("correction approved"),
    "correction.withdrawn": _("correction withdrawn"),
    "correction.finished": _("correction finished"),
    "correction.retried": _("correction tried again"),
    "correction.undone": _("correction undone"),
    "correction.undo_finished": _("correction undone for everybody"),
    "terms.written": _("terms written"),
    "terms.published": _("terms published"),
    "closing.announced": _("closing announced"),
    "closing.called_off": _("closing called off"),
    "sandbox.clock_moved": _("test clock moved"),
    "reinstatement.asked": _("expired points: asked to give back"),
    "reinstatement.done": _("expired points given back"),
    "reinstatement.approved": _("expired points given back, by two people"),
    "reinstatement.refused": _("expired points not given back"),
    "till.own_account_refused": _("own membership refused at the till"),
}


# What the log's records are about; lists that were exported bear the name of their model too.
OBJECTS = {
    "user": _("staff member"),
    "apikey": _("API key"),
    "member": _("member"),
    "message": _("message"),
    "store": _("store"),
    "entry": _("ledger entry"),
    "decision": _("decision"),
    "sale": _("sale"),
    "redemption": _("redemption"),
    "lot": _("lot"),
    "hold": _("hold"),
    "account": _("account"),
    "fact": _("fact"),
    "auditrecord": _("audit record"),
    "programme": _("programme"),
    "draft": _("draft"),
    "whatif": _("what-if"),
    "correction": _("correction"),
    "terms": _("terms"),
    "sandboxclock": _("test clock"),
}


def _object_name(kind: str, key: str) -> str:
    """The name of staff, or of the client behind a key; members stay an id: their names are asked for with a reason."""
    if kind == "user":
        return words.people([f"staff:{key}"]).get(key, key)
    if kind == "apikey" and key:
        found = ApiKey.objects.select_related("client").filter(pk=key).first()
        return f"{found.client.name} ({key})" if found else key
    return key


@admin.register(Store, site=site)
class Stores(ReadOnlyRoom):
    """Where the programme runs; stores come and go with the programme file."""

    thing = "stores"
    list_title = _("Stores")
    labels = {"code": _("code"), "group": _("group")}
    list_display = ("shown_name", "code", "group", "shown_state")
    search_fields = ("code", "group")
    fields = ("code", "shown_name", "group", "shown_state")
    empty_hint = _("Stores come from the programme file: apply one that names a store.")

    def reached(self, rows: QuerySet[Any], places: list[Any]) -> QuerySet[Any]:
        """Every store: their list is no secret."""
        return rows

    @admin.display(description=_("name"), ordering="code")
    def shown_name(self, store: Store) -> str:
        """In the language of the page."""
        return words.store_name(store)

    @admin.display(description=_("state"), ordering="retired_at")
    def shown_state(self, store: Store) -> str:
        """Open, or closed with its history kept."""
        return words.state("off", _("closed")) if store.retired_at else words.state("on", _("open"))


@admin.register(Programme, site=site)
class Versions(ReadOnlyRoom):
    """Every version of the programme that was ever in force."""

    thing = "programme"
    list_title = _("Programme versions")
    list_display = ("shown_version", "shown_name", "shown_from", "shown_applied", "shown_actor")
    ordering = ("-version",)
    empty_hint = _("The first version appears when a programme file is applied.")

    @admin.display(description=_("version"), ordering="version")
    def shown_version(self, version: Programme) -> str:
        """As a number people say."""
        return str(_("Version %(number)d") % {"number": version.version})

    @admin.display(description=_("programme"))
    def shown_name(self, version: Programme) -> str:
        """The name it gives the programme."""
        return policies.localised(version.document.get("name", ""), get_language() or "en")

    @admin.display(description=_("in force from"), ordering="valid_from")
    def shown_from(self, version: Programme) -> str:
        """The instant from which sales are judged by it."""
        return words.moment(version.valid_from)

    @admin.display(description=_("applied"), ordering="applied_at")
    def shown_applied(self, version: Programme) -> str:
        """When somebody applied it."""
        return words.moment(version.applied_at)

    @admin.display(description=_("by"))
    def shown_actor(self, version: Programme) -> str:
        """Who applied it."""
        return words.actor_name(version.actor, words.people([version.actor]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The whole text as it was applied."""
        version = self.get_object(request, object_id)
        if version is None:
            raise Http404
        text = version.text or json.dumps(version.document, ensure_ascii=False, indent=2)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{self.shown_name(version)}, {self.shown_version(version)}",
            "version": version,
            "from": words.moment(version.valid_from),
            "by": self.shown_actor(version),
            "text": text,
        }
        return TemplateResponse(request, "staff/programme.html", context)


class FactState(admin.SimpleListFilter):
    """Waiting, given up, done."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The three states."""
        return [("parked", _("gave up")), ("waiting", _("waiting")), ("handled", _("done"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Fact]) -> QuerySet[Fact]:
        """The facts in the state chosen."""
        chosen = self.value()
        if chosen == "parked":
            return queryset.filter(parked_at__isnull=False)
        if chosen == "waiting":
            return queryset.filter(handled_at__isnull=True, parked_at__isnull=True)
        return queryset.filter(handled_at__isnull=False) if chosen == "handled" else queryset


@admin.register(Fact, site=site)
class Facts(ReadOnlyRoom):
    """What was committed and who was told."""

    thing = "facts"
    list_title = _("Facts")
    labels = {"name": _("fact"), "attempts": _("tries"), "error": _("error"), "account": _("account")}
    list_display = ("name", "shown_state", "attempts", "shown_at")
    list_filter = (FactState,)
    search_fields = ("=name", "=account")
    ordering = ("-id",)
    fields = ("name", "shown_state", "shown_payload", "attempts", "error", "shown_at", "account")
    empty_hint = _("A fact appears with the first enrolment or sale.")

    @admin.display(description=_("state"))
    def shown_state(self, fact: Fact) -> str:
        """As a word with a dot."""
        if fact.parked_at:
            return words.state("bad", _("gave up"))
        return words.state("on", _("done")) if fact.handled_at else words.state("wait", _("waiting"))

    @admin.display(description=_("happened"), ordering="occurred_at")
    def shown_at(self, fact: Fact) -> str:
        """When it happened."""
        return words.moment(fact.occurred_at)

    @admin.display(description=_("content"))
    def shown_payload(self, fact: Fact) -> str:
        """Ids, codes and numbers."""
        return json.dumps(fact.payload, ensure_ascii=False, sort_keys=True)


@admin.register(AuditRecord, site=site)
class AuditLog(ReadOnlyRoom):
    """Who did what. Each record seals the one before; `manage.py verify_audit` reads the chain."""

    thing = "audit"
    list_title = _("Audit log")
    labels = {
        "store": _("store"),
        "reason": _("reason"),
        "sequence": _("number"),
        "previous_hash": _("hash before"),
        "hash": _("hash"),
    }
    list_display = ("shown_action", "shown_actor", "shown_object", "store", "reason", "shown_at", "sequence")
    list_filter = (choice_filter("action", _("what"), ACTS),)
    search_fields = ("=object_id", "=actor", "reason")
    ordering = ("-sequence",)
    fields = (
        "sequence",
        "shown_action",
        "shown_actor",
        "shown_object",
        "store",
        "reason",
        "shown_data",
        "shown_at",
        "previous_hash",
        "hash",
    )
    empty_hint = _("The first record is written when somebody signs in.")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Also by the id of the thing, so that a page can link to its own history."""
        return lookup == "object_id" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("what"), ordering="action")
    def shown_action(self, row: AuditRecord) -> str:
        """The act in words, its code where there are none."""
        return str(ACTS.get(row.action, row.action))

    @admin.display(description=_("who"), ordering="actor")
    def shown_actor(self, row: AuditRecord) -> str:
        """The person's name, read now: the log itself holds only the id."""
        names: dict[str, str] = self.__dict__.setdefault("_names", {})
        if row.actor not in names:
            names.clear() if len(names) > 500 else None
            names[row.actor] = words.actor_name(row.actor, words.people([row.actor]))
        return names[row.actor]

    @admin.display(description=_("about"))
    def shown_object(self, row: AuditRecord) -> str:
        """The kind in words, then a name for people, stores and keys, else the id. Names are read now."""
        kind = str(OBJECTS.get(row.object_type, row.object_type))
        names: dict[tuple[str, str], str] = self.__dict__.setdefault("_object_names", {})
        asked = (row.object_type, row.object_id)
        if asked not in names:
            names.clear() if len(names) > 500 else None
            names[asked] = _object_name(*asked)
        return f"{kind} {names[asked]}".strip()

    @admin.display(description=_("when"), ordering="sequence")
    def shown_at(self, row: AuditRecord) -> str:
        """To the minute."""
        return words.moment(row.at)

    @admin.display(description=_("details"))
    def shown_data(self, row: AuditRecord) -> str:
        """Codes and numbers."""
        return json.dumps(row.data, ensure_ascii=False, sort_keys=True)
