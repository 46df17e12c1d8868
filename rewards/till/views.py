"""The till page: find a member, sell, and let points be spent. For shops without a till that calls the API itself.

It reads without script: every step is a form, every result a page of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loyalty import clock, money, policies, roles
from loyalty.admin import words
from loyalty.admin.gate import guarded
from loyalty.errors import OwnAccount
from loyalty.models import Hold, Store, User
from members.models import Sale
from rewards.models import Redemption
from rewards.till import forms, refusals
from rewards.till.calls import Clerk, Reply

STORE = "till_store"


def _deed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that acts when posted to. Merely looked at (reloaded, or come back to in another language), its address
    leads to the member's page, or where there is no member to the first one."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            return view(request, *args, **kwargs)
        if "member_id" in kwargs:
            return redirect("till:member", kwargs["member_id"])
        return redirect("till:find")

    return inner


def _stores(user: Any) -> list[Store]:
    """Where the person may sell."""
    places = roles.reach(user, "do", "till")
    found = Store.objects.filter(retired_at__isnull=True)
    return list(found if places is None else found.filter(pk__in=places))


def _clerk(request: HttpRequest) -> Clerk:
    """Who sells, and in which of their stores."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    stores = _stores(request.user)
    if not stores:
        raise PermissionDenied
    chosen = request.session.get(STORE)
    store = next((store for store in stores if store.code == chosen), stores[0])
    return Clerk(request=request, user=request.user, store=store)


def _page(request: HttpRequest, clerk: Clerk, template: str, status: int = 200, **context: Any) -> HttpResponse:
    programme = policies.current()
    frame = {
        "clerk": clerk,
        "store_name": words.store_name(clerk.store),
        "stores": [(store.code, words.store_name(store), store == clerk.store) for store in _stores(clerk.user)],
        "sees_home": roles.may(clerk.user, "do", "home"),
        "currency": programme.currency,
        "example": _example(programme.currency),
    }
    return render(request, template, {**frame, **context}, status=status)


def _example(currency: str) -> str:
    return money.text(1980 if money.decimals(currency) == 0 else 1980 * 10 ** (money.decimals(currency) - 2), currency)


@guarded("till")
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Look a member up by what was scanned or typed. Posted, so that no address keeps it."""
    clerk = _clerk(request)
    if request.method != "POST":
        return _page(request, clerk, "staff/till/find.html")
    asked = request.POST.get("who", "")
    for body in forms.identity(asked):
        reply = clerk.post("members/lookup", body)
        if not reply.refused and reply.body["results"]:
            return redirect("till:member", reply.body["results"][0]["id"])
    error = refusals.TEXTS["member_not_found"] if asked.strip() else _("Scan a card, or type a number or an address.")
    return _page(request, clerk, "staff/till/find.html", status=404, error=error, asked=asked)


@guarded("till")
@_deed
def choose_store(request: HttpRequest) -> HttpResponse:
    """Stand in another of one's stores."""
    _clerk(request)
    code = request.POST.get("store", "")
    if code not in [store.code for store in _stores(request.user)]:
        raise PermissionDenied
    request.session[STORE] = code
    return redirect("till:find")


@guarded("till")
@require_http_methods(["GET", "HEAD"])
def member(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """Who it is (masked), what they have, and what can be done."""
    return _member_page(request, _clerk(request), member_id)


def _member_page(
    request: HttpRequest, clerk: Clerk, member_id: UUID, *, status: int = 200, **context: Any
) -> HttpResponse:
    known, wallet = clerk.get(f"members/{member_id}"), clerk.get(f"members/{member_id}/wallet")
    if known.status in (404, 410) or wallet.refused:
        raise Http404
    held = (
        Redemption.objects.filter(
            member_id=member_id, hold__status=Hold.Status.HELD, hold__expires_at__gt=clock.now(), store=clerk.store
        )
        .select_related("hold")
        .order_by("-created_at")
    )
    return _page(
        request,
        clerk,
        "staff/till/member.html",
        status=status,
        **{
            "member_id": member_id,
            "known": known.body,
            "name": known.body.get("display_name") or _("no name"),
            "tier": _tier(wallet.body),
            "balance": {name: words.number(value) for name, value in wallet.body["balance"].items()},
            "raw": wallet.body["balance"],
            "own": _is_own(clerk, member_id),
            "holds": [
                {
                    "id": one.pk,
                    "points": words.number(one.points),
                    "until": words.moment(one.hold.expires_at),
                    "token": forms.token(),
                }
                for one in held
            ],
            "token": forms.token(),
            "spend_token": forms.token(),
            "places": range(1, forms.LINES + 1),
            "posted": request.POST,
            **context,
        },
    )


def _tier(answer: dict[str, Any]) -> str:
    """The tier in an answer of the API (which names it in the member's language), in the language of the page."""
    tier = answer.get("tier") or {}
    for group in policies.current().document.get("tiers", [])[:1]:
        for level in group.get("levels", []):
            if level["code"] == tier.get("code"):
                return policies.localised(level.get("name", level["code"]), get_language() or "en")
    return str(tier.get("name") or "")


def _is_own(clerk: Clerk, member_id: UUID) -> bool:
    try:
        clerk.check_not_own(member_id, record=False)
    except OwnAccount:
        return True
    return False


def _guard(request: HttpRequest, clerk: Clerk, member_id: UUID) -> HttpResponse | None:
    """403 `own_account` for one's own membership, else None."""
    try:
        clerk.check_not_own(member_id)
    except OwnAccount:
        return _member_page(request, clerk, member_id, status=403, sale_error=refusals.TEXTS["own_account"])
    return None


@guarded("till")
@_deed
def sell(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """First what the sale would earn; then, confirmed, the sale itself."""
    clerk = _clerk(request)
    if refused := _guard(request, clerk, member_id):
        return refused
    currency = policies.current().currency
    body = forms.sale(request.POST, store=clerk.store.code, member=str(member_id), currency=currency)
    if not body["lines"]:
        return _member_page(request, clerk, member_id, status=400, sale_error=refusals.TEXTS["required"])
    if request.POST.get("step") == "record":
        reply = clerk.post("sales", body, token=request.POST.get("token", ""))
        if not reply.refused:
            return redirect("till:sold", member_id, reply.body["id"])
        return _sale_refused(request, clerk, member_id, reply)
    reply = clerk.post("sales/quote", {name: value for name, value in body.items() if name != "receipt"})
    if reply.refused:
        return _sale_refused(request, clerk, member_id, reply)
    quote = {
        "points": words.signed(reply.body["points"]["earned"]),
        "earned": reply.body["points"]["earned"],
        "pending": words.number(reply.body["points"]["pending"]),
        "total": words.amount(money.minor(reply.body["due"], currency), currency),
        "after": words.number(reply.body["balance"]["total"]),
        "tier_changed": reply.body["tier_changed"],
        "tier": _tier(reply.body),
        "lines": [
            {
                "name": line.get("name") or line.get("sku") or _("Line %(place)d") % {"place": place},
                "amount": words.amount(money.minor(line["amount"], currency), currency),
            }
            for place, line in enumerate(body["lines"], start=1)
        ],
    }
    return _member_page(request, clerk, member_id, quote=quote, token=request.POST.get("token") or forms.token())


def _sale_refused(request: HttpRequest, clerk: Clerk, member_id: UUID, reply: Reply) -> HttpResponse:
    example = _example(policies.current().currency)
    error = refusals.text(reply, example=example)
    return _member_page(request, clerk, member_id, status=_shown(reply), sale_error=error)


def _shown(reply: Reply) -> int:
    """The status of the page that tells of a refusal."""
    return reply.status if reply.status < 500 else 503


@guarded("till")
@require_http_methods(["GET", "HEAD"])
def sold(request: HttpRequest, member_id: UUID, sale_id: UUID) -> HttpResponse:
    """What a sale earned."""
    clerk = _clerk(request)
    sale = Sale.objects.filter(pk=sale_id, member_id=member_id, store=clerk.store).select_related("decision").first()
    if sale is None:
        raise Http404
    wallet = clerk.get(f"members/{member_id}/wallet")
    return _page(
        request,
        clerk,
        "staff/till/sold.html",
        member_id=member_id,
        sale=sale,
        total=words.amount(sale.total_minor, sale.currency),
        points=words.signed(sale.decision.points if sale.decision else 0),
        balance=words.number(wallet.body["balance"]["available"]),
        tier=_tier(wallet.body),
    )


@guarded("till")
@_deed
def hold(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """Set points aside while the customer pays."""
    clerk = _clerk(request)
    if refused := _guard(request, clerk, member_id):
        return refused
    body = {
        "member": {"id": str(member_id)},
        "points": forms.points(request.POST.get("points", "")),
        "mode": "hold",
        "store": clerk.store.code,
    }
    reply = clerk.post("redemptions", body, token=request.POST.get("token", ""))
    if reply.refused:
        error = refusals.text(reply, example="500")
        return _member_page(request, clerk, member_id, status=_shown(reply), points_error=error)
    held = words.number(reply.body["points"])
    messages.success(
        request, _("%(points)s points are set aside. Finish below when the customer has paid.") % {"points": held}
    )
    return redirect("till:member", member_id)


@guarded("till")
@_deed
def finish(request: HttpRequest, member_id: UUID, redemption_id: UUID) -> HttpResponse:
    """Spend what was set aside, or give it back."""
    clerk = _clerk(request)
    if refused := _guard(request, clerk, member_id):
        return refused
    if not Redemption.objects.filter(pk=redemption_id, member_id=member_id).exists():
        raise Http404
    deed = "cancel" if request.POST.get("deed") == "cancel" else "settle"
    reply = clerk.post(f"redemptions/{redemption_id}/{deed}", {}, token=f"{request.POST.get('token', '')}:{deed}")
    if reply.refused:
        error = refusals.text(reply, example="500")
        return _member_page(request, clerk, member_id, status=_shown(reply), points_error=error)
    done = words.number(reply.body["points"])
    said = _("%(points)s points are spent.") if deed == "settle" else _("%(points)s points went back.")
    messages.success(request, said % {"points": done})
    return redirect("till:member", member_id)
