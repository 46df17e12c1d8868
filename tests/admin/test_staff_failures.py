"""What is not there, the icon, and what the audit log calls things."""

from __future__ import annotations

from django.urls import reverse


def test_an_unknown_staff_address_is_a_staff_page(desk):
    response = desk.get("/staff/till/nowhere/")
    page = response.content.decode()
    assert response.status_code == 404 and reverse("admin:index") in page and "Your points" not in page


def test_the_old_address_of_the_icon_leads_to_it(client, db):
    assert client.get("/favicon.ico")["Location"].endswith(".svg")


def test_the_audit_log_names_what_a_record_is_about(programme, desk, cleo):
    desk.post(reverse("admin:loyalty_apikey_new"), {"name": "Till 3", "scopes": ["sales"]})
    page = desk.get(reverse("admin:loyalty_auditrecord_changelist")).content.decode()
    assert "API key Till 3 (" in page and f"staff member {cleo.name}" in page
