"""History is looked at and never changed here, whatever is posted (FAULTS A8 through the admin)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from loyalty.models import Account, AuditRecord, Decision, Entry, Fact, Lot, Programme
from members.models import Member, Sale

MODELS = [Entry, Lot, Account, Decision, Fact, AuditRecord, Programme, Sale, Member]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_row_of_history_is_added_changed_or_deleted(model, ada, desk):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    before = list(model.objects.order_by("pk").values())
    assert before, "there is something to protect"
    pk = before[0][model._meta.pk.attname]
    listed, change = reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[pk])
    bulk = {"action": "delete_selected", "_selected_action": [str(pk)], "post": "yes", "select_across": "1"}
    answers = {
        "add": desk.post(reverse(f"{name}_add"), {"points": "1000000", "_save": "1"}).status_code,
        "change": desk.post(change, {"points": "1000000", "_save": "1"}).status_code,
        "delete": desk.post(reverse(f"{name}_delete", args=[pk]), {"post": "yes"}).status_code,
        "bulk": desk.post(listed, bulk).status_code,
    }
    assert answers["add"] == answers["delete"] == 403
    assert answers["change"] in (200, 302, 403) and answers["bulk"] in (200, 302, 403)
    assert list(model.objects.order_by("pk").values()) == before
    assert b"delete_selected" not in desk.get(listed).content


def test_a_decision_is_explained_line_by_line(ada, desk):
    sale = Sale.objects.get(receipt="R-1")
    page = desk.get(reverse("admin:loyalty_decision_change", args=[sale.decision_id])).content.decode()
    for text in [
        "Beans",
        "$120.50",
        "1 point per dollar",
        "+120",
        "rounded down once per sale",
        "0 → 120",
        "Ada Lovelace",
    ]:
        assert text in page
    reply = desk.get(reverse("admin:loyalty_decision_change", args=[sale.decision_id]) + "?format=json").json()
    assert reply["points"] == 120 and reply["rules"][0]["rule"] == "base"


def test_a_sale_leads_to_its_decision(ada, desk):
    sale = Sale.objects.get(receipt="R-1")
    response = desk.get(reverse("admin:members_sale_change", args=[sale.pk]))
    assert response["Location"] == reverse("admin:loyalty_decision_change", args=[sale.decision_id])


def test_an_id_that_does_not_exist_is_404(ada, desk):
    for name in ["loyalty_entry", "members_member", "loyalty_decision", "members_sale"]:
        assert (
            desk.get(reverse(f"admin:{name}_change", args=["01990000-0000-7000-8000-000000000000"])).status_code == 404
        )
        assert desk.get(reverse(f"admin:{name}_change", args=["nonsense"])).status_code == 404
