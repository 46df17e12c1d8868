"""Keys are shown once; roles are given and taken with a record; nobody locks themselves out."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from loyalty import factors
from loyalty.models import ApiKey, AuditRecord, Role, StaffRole, User

from .conftest import PASSWORD, signed_in


def make_key(desk):
    return desk.post(reverse("admin:loyalty_apikey_new"), {"name": "Till 3", "scopes": ["sales", "redeem"]})


def test_a_key_is_shown_once_and_never_again(programme, desk, client):
    token = make_key(desk).context["token"]
    key = ApiKey.objects.get()
    assert key.scopes == ["redeem", "sales"] and token.startswith("lk_")
    secret = token.rsplit("_", 1)[1]
    for address in [
        reverse("admin:loyalty_apikey_changelist"),
        reverse("admin:loyalty_apikey_change", args=[key.pk]),
        reverse("admin:loyalty_apikey_new"),
        reverse("admin:loyalty_auditrecord_changelist"),
    ]:
        assert secret not in desk.get(address).content.decode()
    record = AuditRecord.objects.get(action="key.created")
    assert record.object_id == key.pk and secret not in json.dumps(record.data)


def test_reloading_the_answer_makes_no_second_key(programme, desk):
    address = reverse("admin:loyalty_apikey_new")
    form = {"name": "Till 3", "scopes": ["sales"], "once": desk.get(address).context["once"]}
    assert desk.post(address, form).context["token"]
    again = desk.post(address, form, follow=True)
    assert ApiKey.objects.count() == 1 and "made its key already" in again.content.decode()
    assert desk.post(address, {**form, "once": desk.get(address).context["once"]}).context["token"]
    assert ApiKey.objects.count() == 2


def test_revoking_asks_why_and_ends_the_key_at_the_next_request(programme, desk, client):
    token = make_key(desk).context["token"]
    key = ApiKey.objects.get()
    call = {"HTTP_AUTHORIZATION": f"Bearer {token}", "HTTP_IDEMPOTENCY_KEY": "k1", "content_type": "application/json"}
    assert client.post("/api/v1/sales", {}, **call).status_code == 400
    address = reverse("admin:loyalty_apikey_revoke", args=[key.pk])
    assert "It is the last one" in desk.get(address).content.decode()
    desk.post(address, {"reason": ""})
    assert ApiKey.objects.get().revoked_at is None
    assert desk.post(address, {"reason": "till sold"}).status_code == 302
    assert client.post("/api/v1/sales", {}, **call).status_code == 401
    assert AuditRecord.objects.get(action="key.revoked").reason == "till sold"


def form(*rows: dict[str, str], **fields: str) -> dict[str, str]:
    data = {"email": "new@staff.example", "name": "Nia", "is_active": "on", **fields}
    data |= {
        "roles-TOTAL_FORMS": str(len(rows)),
        "roles-INITIAL_FORMS": "0",
        "roles-MIN_NUM_FORMS": "0",
        "roles-MAX_NUM_FORMS": "1000",
    }
    for place, row in enumerate(rows):
        data |= {f"roles-{place}-{name}": value for name, value in row.items()}
    return data


def test_somebody_is_added_with_a_role_and_both_are_recorded(desk, main_store):
    rows = [
        {"role": "cashier", "store": str(main_store.pk), "id": "", "user": ""},
        {"role": "", "store": "", "id": "", "user": ""},
    ]
    response = desk.post(reverse("admin:loyalty_user_add"), form(*rows))
    assert response.status_code == 302, response.context["errors"]
    user = User.objects.get(email="new@staff.example")
    assert user.is_staff and not user.has_usable_password()
    assert [(row.role, row.store_id) for row in user.roles.all()] == [("cashier", main_store.pk)]
    assert [r.action for r in AuditRecord.objects.filter(object_id=str(user.pk)).order_by("sequence")] == [
        "staff.created",
        "role.granted",
    ]


def test_fields_that_are_not_offered_are_never_applied(desk, hire):
    user = hire(Role.CASHIER, store="main")
    desk.post(
        reverse("admin:loyalty_user_change", args=[user.pk]),
        form(email=user.email, is_superuser="on", password="x", is_staff=""),
    )
    user.refresh_from_db()
    assert user.is_staff and not user.is_superuser and user.check_password(PASSWORD)


def test_an_administrator_cannot_take_their_own_administration_away(desk, cleo):
    role = StaffRole.objects.get(user=cleo)
    data = form(
        {"role": "administrator", "store": "", "id": str(role.pk), "user": str(cleo.pk), "DELETE": "on"},
        email=cleo.email,
    )
    data["roles-INITIAL_FORMS"] = "1"
    response = desk.post(reverse("admin:loyalty_user_change", args=[cleo.pk]), data)
    assert response.status_code == 200 and "cannot take away your own" in response.content.decode()
    assert StaffRole.objects.filter(user=cleo).exists()


def test_taking_a_role_away_is_recorded_and_shuts_the_door(desk, hire):
    user = hire(Role.SUPPORT)
    theirs, role = signed_in(user), StaffRole.objects.get(user=user)
    data = form(
        {"role": "support", "store": "", "id": str(role.pk), "user": str(user.pk), "DELETE": "on"}, email=user.email
    )
    data["roles-INITIAL_FORMS"] = "1"
    assert desk.post(reverse("admin:loyalty_user_change", args=[user.pk]), data).status_code == 302
    assert AuditRecord.objects.filter(action="role.removed", object_id=str(user.pk)).count() == 1
    assert theirs.get(reverse("admin:members_member_changelist")).status_code == 302


def test_a_new_sign_in_ends_the_old_one(desk, hire):
    user = hire(Role.SUPPORT)
    theirs = signed_in(user)
    page = desk.post(reverse("admin:loyalty_user_reset", args=[user.pk]), {"reason": "phone lost"})
    user.refresh_from_db()
    assert user.check_password(page.context["password"]) and factors.totp_of(user) is None
    assert theirs.get("/staff/").status_code == 302
    assert AuditRecord.objects.get(action="staff.factor_reset").reason == "phone lost"


def test_staff_code_speaks_only_in_demo_and_sandbox(hire, settings):
    user = hire(Role.SUPPORT)
    settings.LOYALTY_DEMO, settings.LOYALTY_SANDBOX = "0", False
    with pytest.raises(CommandError, match="LOYALTY_DEMO"):
        call_command("staff_code", user.email, stdout=StringIO())
    settings.LOYALTY_DEMO = "cdnow"
    out = StringIO()
    call_command("staff_code", user.email, stdout=out)
    assert factors.check(user, out.getvalue()) == "totp"
    again = StringIO()
    call_command("staff_code", user.email, stdout=again)
    assert again.getvalue() != out.getvalue() and factors.check(user, again.getvalue()) == "totp"


def test_create_staff_twice_changes_nothing(programme):
    for _ in range(2):
        call_command("create_staff", "nia@staff.example", role="cashier", store="main", stdout=StringIO())
    assert StaffRole.objects.filter(user__email="nia@staff.example").count() == 1
    with pytest.raises(CommandError, match="no store"):
        call_command("create_staff", "nia@staff.example", role="cashier", store="nowhere", stdout=StringIO())
