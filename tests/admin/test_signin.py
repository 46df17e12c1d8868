"""Two factors to come in; tries are counted exactly; nobody can lock out somebody else; sessions end at once."""

from __future__ import annotations

import threading
import uuid

import pytest
from allauth.mfa.utils import decrypt
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from loyalty import audit, factors, staff
from loyalty.admin import limits
from loyalty.models import AuditRecord, Role, StaffRole, User

from .conftest import PASSWORD, signed_in


def somewhere() -> str:
    """An address that no other test counts against."""
    number = uuid.uuid4().int
    return f"10.{number % 250}.{number // 250 % 250}.{number // 62500 % 250}"


def first_step(client: Client, user: User, password: str = PASSWORD, **extra: str):
    return client.post(reverse("admin:login"), {"email": user.email, "password": password, **extra})


def second_step(client: Client, code: str):
    return client.post(reverse("admin:login_code"), {"code": code})


def test_the_sign_in_page_answers(client, db):
    response = client.get("/staff/login/")
    assert response.status_code == 200 and b'name="password"' in response.content


def test_password_and_code_open_the_door(hire):
    user, client = hire(Role.SUPPORT), Client(REMOTE_ADDR=somewhere())
    assert first_step(client, user, next="/staff/members/member/")["Location"] == reverse("admin:login_code")
    assert client.get("/staff/").status_code == 302, "half a sign-in opens nothing"
    response = second_step(client, factors.present_code(user))
    assert response.status_code == 302 and response["Location"] == "/staff/members/member/"
    assert client.get("/staff/").status_code == 200
    record = AuditRecord.objects.first()
    assert record is not None and record.action == "staff.signed_in" and record.data["factor"] == "totp"
    assert user.email not in str(record.data) + record.actor + record.reason


def test_without_a_second_factor_one_is_set_up_and_nothing_else_is_reached(hire):
    user, client = hire(Role.ADMINISTRATOR, factor=False), Client(REMOTE_ADDR=somewhere())
    assert first_step(client, user)["Location"] == reverse("admin:login_setup")
    for name in ["index", "members_member_changelist", "loyalty_apikey_new", "books", "password_change", "login_code"]:
        response = client.get(reverse(f"admin:{name}"))
        assert response.status_code == 302 and "/staff/login/" in response["Location"]
    page = client.get(reverse("admin:login_setup"))
    secret = page.context["secret"]
    wrong = client.post(reverse("admin:login_setup"), {"code": "000000"})
    assert wrong.status_code == 200 and factors.totp_of(user) is None
    code = factors.format_hotp_value(factors.hotp_value(secret, int(factors.time.time()) // 30))
    done = client.post(reverse("admin:login_setup"), {"code": code})
    assert done.status_code == 200 and len(done.context["codes"]) == 10
    assert client.get("/staff/").status_code == 200


def test_a_session_without_the_factor_is_no_staff_session(hire):
    user = hire(Role.ADMINISTRATOR)
    client = Client()
    client.force_login(user)
    assert client.get("/staff/").status_code == 302
    assert client.get("/staff/till/").status_code == 302


def test_a_code_counts_once(hire):
    user = hire(Role.SUPPORT)
    code = factors.present_code(user)
    for expected in (302, 200):
        client = Client(REMOTE_ADDR=somewhere())
        first_step(client, user)
        assert second_step(client, code).status_code == expected


def test_a_recovery_code_counts_once(hire):
    user = hire(Role.SUPPORT, factor=False)
    recovery = factors.set_up(user, factors.new_secret())[0]
    for expected in (302, 200):
        client = Client(REMOTE_ADDR=somewhere())
        first_step(client, user)
        assert second_step(client, recovery).status_code == expected


def test_a_wrong_password_and_an_unknown_address_read_the_same(hire):
    user, client = hire(Role.SUPPORT), Client(REMOTE_ADDR=somewhere())
    wrong = first_step(client, user, "not it")
    unknown = client.post(reverse("admin:login"), {"email": "nobody@staff.example", "password": "not it"})
    assert wrong.status_code == unknown.status_code == 200
    assert wrong.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
    assert {record.data["step"] for record in AuditRecord.objects.filter(action="staff.sign_in_failed")} == {"password"}


def test_members_and_people_without_a_role_have_no_way_in(hire):
    user = hire(Role.SUPPORT)
    StaffRole.objects.filter(user=user).delete()
    assert first_step(Client(REMOTE_ADDR=somewhere()), user).status_code == 200
    member = User.objects.create_user("0199@members.invalid", PASSWORD)
    assert first_step(Client(REMOTE_ADDR=somewhere()), member).status_code == 200


def test_no_more_tries_are_judged_than_the_limit_under_parallel_fire(committed, monkeypatch):
    user = staff.create(
        email=f"{uuid.uuid4().hex}@staff.example", role=Role.SUPPORT, password=PASSWORD, actor="system:test"
    )
    judged: list[str] = []
    monkeypatch.setattr("loyalty.admin.signin.judge", lambda *_args, **_kw: judged.append("x"))
    monkeypatch.setattr("loyalty.admin.signin._failed", lambda *_args: None)
    start, place, statuses = threading.Barrier(20), somewhere(), []

    def fire() -> None:
        try:
            start.wait()
            statuses.extend(first_step(Client(REMOTE_ADDR=place), user, "guess").status_code for _ in range(3))
        finally:
            connection.close()

    threads = [threading.Thread(target=fire) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(judged) == limits.PER_ACCOUNT == statuses.count(200)
    assert statuses.count(429) == 60 - limits.PER_ACCOUNT


def test_an_attack_on_an_account_does_not_lock_out_its_owner(hire):
    user, home = hire(Role.SUPPORT), Client(REMOTE_ADDR=somewhere())
    first_step(home, user)
    second_step(home, factors.present_code(user))
    home.post(reverse("admin:logout"))
    for _ in range(limits.PER_ACCOUNT + 2):
        attack = first_step(Client(REMOTE_ADDR=somewhere()), user, "guess")
    assert attack.status_code == 429
    assert first_step(Client(REMOTE_ADDR=somewhere()), user).status_code == 429, "elsewhere even the right one waits"
    assert first_step(home, user).status_code == 302, "the browser it is known by goes on"


def test_codes_are_limited_too_and_the_right_one_must_wait(hire):
    user, client = hire(Role.SUPPORT), Client(REMOTE_ADDR=somewhere())
    first_step(client, user)
    for _ in range(limits.CODES_PER_ACCOUNT):
        assert second_step(client, "000000").status_code == 200
    assert second_step(client, factors.present_code(user)).status_code == 429


def test_a_forged_forwarded_address_buys_no_more_tries(hire):
    place, seen = somewhere(), set()
    for number in range(limits.PER_ADDRESS + 1):
        client = Client(REMOTE_ADDR=place, HTTP_X_FORWARDED_FOR=f"203.0.113.{number % 200}")
        response = client.post(reverse("admin:login"), {"email": f"x{number}@staff.example", "password": ""})
        seen.add(response.status_code)
    # empty passwords are not judged and not counted: count one by one with a real one
    budget = limits.Budget(f"password:address:{place}", limits.PER_ADDRESS)
    cache.set(budget.key(), limits.PER_ADDRESS)
    response = Client(REMOTE_ADDR=place, HTTP_X_FORWARDED_FOR="203.0.113.250").post(
        reverse("admin:login"), {"email": "x@staff.example", "password": "y"}
    )
    assert response.status_code == 429


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https:evil.example",
        "\\\\evil.example",
        "https://evil.example/staff/",
        "/accounts/",
        "javascript:1",
    ],
)
def test_after_signing_in_one_stays_on_the_staff_side(hire, target):
    user, client = hire(Role.SUPPORT), Client(REMOTE_ADDR=somewhere())
    first_step(client, user, next=target)
    assert second_step(client, factors.present_code(user))["Location"] == "/staff/"


def change_password(user: User) -> None:
    user.set_password("another one entirely")
    user.save()


def disable(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def take_role(user: User) -> None:
    StaffRole.objects.filter(user=user).delete()


@pytest.mark.parametrize("deed", [change_password, disable, take_role, factors.remove])
def test_a_session_is_dead_from_the_next_request_on(hire, deed):
    user = hire(Role.SUPPORT)
    client = signed_in(user)
    assert client.get(reverse("admin:members_member_changelist")).status_code == 200
    deed(user)
    response = client.get(reverse("admin:members_member_changelist"))
    assert response.status_code == 302 and "/staff/login/" in response["Location"]


def test_a_form_without_its_token_is_refused(hire):
    user = hire(Role.ADMINISTRATOR)
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in(user).cookies
    for name in ["admin:login", "admin:logout", "admin:books", "admin:loyalty_apikey_new", "till:find"]:
        assert client.post(reverse(name), {}).status_code == 403, name


def test_the_secret_of_a_factor_is_encrypted_at_rest(hire):
    user = hire(Role.SUPPORT, factor=False)
    secret = factors.new_secret()
    factors.set_up(user, secret)
    kept = factors.totp_of(user)
    assert kept is not None and secret not in str(kept.data) and decrypt(kept.data["secret"]) == secret


def test_changing_the_password_is_recorded_and_ends_other_sessions(hire):
    user = hire(Role.SUPPORT)
    here, there = signed_in(user), signed_in(user)
    fields = {
        "old_password": PASSWORD,
        "new_password1": "a new and longer one",
        "new_password2": "a new and longer one",
    }
    assert here.post(reverse("admin:password_change"), fields).status_code == 302
    assert AuditRecord.objects.filter(action="staff.password_changed").count() == 1
    assert here.get("/staff/").status_code == 200 and there.get("/staff/").status_code == 302
    assert audit.verify().holds
