"""Signing in by a mailed code (FAULTS G3, G4, J4)."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from loyalty.models import User
from members import consent, identities, signin
from members.models import Message, Profile, SignInCode
from tests.portal.conftest import newest_code
from tests.size import by_size

ADA, STRANGER = "misaki@example.jp", "nobody@example.org"
WRONG = "not-it"


def ask(client: Client, email: str, **more: str):
    return client.post("/sign-in/", {"email": email, **more})


def test_a_member_signs_in_with_the_mailed_code(world):
    client = Client()
    assert ask(client, "  MISAKI@Example.JP ").headers["Location"] == "/sign-in/code/"
    assert [message.to for message in mail.outbox] == [["MISAKI@Example.JP"]]
    reply = client.post("/sign-in/code/", {"code": newest_code()})
    assert (reply.status_code, reply.headers["Location"]) == (302, "/")
    assert "佐藤 美咲 様" in client.get("/").content.decode()


def test_a_stranger_finds_the_sign_in_at_the_home_address(programme):
    reply = Client().get("/")
    assert reply.status_code == 200
    assert 'action="/sign-in/"' in reply.content.decode()


def test_tries_left_are_said_in_words_and_the_sixth_is_not_judged(world):
    client = Client(headers={"accept-language": "ja"})
    ask(client, ADA)
    code = newest_code()
    said = [client.post("/sign-in/code/", {"code": WRONG}) for _ in range(5)]
    assert [reply.status_code for reply in said] == [422] * 5
    assert "コードが違います。あと 4 回試せます。" in said[0].content.decode()
    assert "コードが違います。あと 1 回試せます。" in said[3].content.decode()
    assert "このコードは使えなくなりました。" in said[4].content.decode()
    assert client.post("/sign-in/code/", {"code": code}).status_code == 422
    assert "_auth_user_id" not in client.session


def test_a_new_code_kills_the_old_one(world):
    client = Client()
    ask(client, ADA)
    old = newest_code()
    assert client.post("/sign-in/code/", {"again": "1"}).status_code == 200
    new = newest_code()
    assert client.post("/sign-in/code/", {"code": old}).status_code == (422 if old != new else 302)
    assert client.post("/sign-in/code/", {"code": new}).status_code == 302


def test_a_code_asked_for_elsewhere_kills_this_one(world):
    here, elsewhere = Client(), Client()
    ask(here, ADA)
    code = newest_code()
    ask(elsewhere, ADA)
    assert here.post("/sign-in/code/", {"code": code}).status_code == 422
    assert here.post("/sign-in/code/", {"code": newest_code()}).status_code == 422  # another browser's
    assert elsewhere.post("/sign-in/code/", {"code": newest_code()}).status_code == 302


def test_a_code_works_once_and_for_ten_minutes(world):
    flow = signin.new_flow()
    code = signin.issue(address=ADA, flow=flow)
    SignInCode.objects.update(expires_at=SignInCode.objects.get().expires_at - timedelta(minutes=10))
    assert signin.attempt(address=ADA, flow=flow, code=code) == signin.Answer(right=False, tries_left=0)
    code = signin.issue(address=ADA, flow=flow)
    assert signin.attempt(address=ADA, flow=flow, code=code).right
    assert not signin.attempt(address=ADA, flow=flow, code=code).right


def test_neither_address_nor_code_is_stored(world):
    code = signin.issue(address=ADA, flow="flow")
    row = SignInCode.objects.get()
    stored = " ".join(str(getattr(row, field.name)) for field in SignInCode._meta.fields)
    assert ADA not in stored
    assert code not in stored


def test_a_sixth_code_within_the_window_is_refused_in_words(world):
    client = Client()
    assert [ask(client, ADA).status_code for _ in range(6)] == [302] * 5 + [422]
    assert len(mail.outbox) == 5
    assert "use the newest, or wait 15 minutes" in ask(client, ADA).content.decode()
    assert client.post("/sign-in/code/", {"code": newest_code()}).status_code == 302


def _shape(reply) -> tuple[int, str, str]:
    body = reply.content.decode() if hasattr(reply, "content") else ""
    for volatile in (ADA, STRANGER):
        body = body.replace(volatile, "ADDRESS")
    return reply.status_code, reply.headers.get("Location", ""), body


def test_nothing_tells_a_member_from_a_stranger_before_the_code(world):
    replies = []
    for email in (ADA, STRANGER):
        client = Client(headers={"accept-language": "en"})
        asked = ask(client, email)
        page = client.get("/sign-in/code/")
        wrong = client.post("/sign-in/code/", {"code": WRONG})
        shown = [_shape(reply) for reply in (asked, page, wrong)]
        token = page.context["csrf_token"]
        replies.append((len(shown[1][2]), shown[0], shown[2][0], str(token) != ""))
    assert replies[0] == replies[1]
    assert len({(message.subject[6:], len(message.body)) for message in mail.outbox}) == 1


def test_asking_takes_as_long_for_a_stranger_as_for_a_member(world, monkeypatch):
    monkeypatch.setattr(signin, "CODES_PER_WINDOW", 1000)
    took: dict[str, list[float]] = {ADA: [], STRANGER: []}
    client = Client()
    for _ in range(by_size(15, 60, 200)):
        for email, times in took.items():
            start = time.perf_counter()
            ask(client, email)
            times.append(time.perf_counter() - start)
    member, stranger = (statistics.median(times) for times in took.values())
    assert abs(member - stranger) < 0.25 * max(member, stranger)


def test_a_stranger_with_the_right_code_is_offered_to_join(programme):
    client = Client()
    ask(client, STRANGER)
    assert client.post("/sign-in/code/", {"code": newest_code()}).headers["Location"] == "/join/"
    assert STRANGER in client.get("/join/").content.decode()
    assert client.post("/join/", {"name": "New Person"}).headers["Location"] == "/"
    member = identities.find(email=STRANGER)
    assert member is not None
    assert member.profile.name == "New Person"
    assert "New Person" in client.get("/").content.decode()


def test_joining_asks_for_consent_and_ticks_nothing(programme):
    client = Client(headers={"accept-language": "ja"})
    assert "checked" not in client.get("/join/").content.decode()
    client.post("/join/", {"name": "新田 光", "email": STRANGER, "marketing-email": "on"})
    assert identities.find(email=STRANGER) is None  # not before the code
    client.post("/sign-in/code/", {"code": newest_code()})
    member = identities.find(email=STRANGER)
    assert member is not None
    assert consent.current(member.pk) == {("marketing", "email"): True}
    assert member.profile.language == "ja"


def test_joining_with_a_members_address_signs_in_and_changes_nothing(world):
    client = Client()
    client.post("/join/", {"name": "Somebody", "email": ADA})
    assert client.post("/sign-in/code/", {"code": newest_code()}).headers["Location"] == "/"
    assert Profile.objects.get(member=world.ada).name == "佐藤 美咲"


@pytest.mark.parametrize("form", [{"name": "", "email": STRANGER}, {"name": "N", "email": "nonsense"}])
def test_a_form_with_a_mistake_keeps_what_was_typed_and_mails_nothing(programme, form):
    reply = Client().post("/join/", form)
    assert reply.status_code == 422
    assert f'value="{form["email"]}"' in reply.content.decode()
    assert mail.outbox == []


@pytest.mark.parametrize(
    "target", ["//evil.example", "https:evil.example", "\\\\evil.example", "http://evil.example/", "/\\evil.example"]
)
def test_next_stays_on_this_host(world, target):
    client = Client()
    ask(client, ADA, next=target)
    assert client.post("/sign-in/code/", {"code": newest_code()}).headers["Location"] == "/"
    assert client.get("/sign-in/", {"next": target}).headers["Location"] == "/"


def test_next_leads_to_the_page_asked_for(world):
    client = Client()
    assert client.get("/activity/?show=earned").headers["Location"] == "/sign-in/?next=/activity/%3Fshow%3Dearned"
    ask(client, ADA, next="/activity/?show=earned")
    assert client.post("/sign-in/code/", {"code": newest_code()}).headers["Location"] == "/activity/?show=earned"


def test_signing_out_ends_the_session_at_the_server(world, as_member):
    client = as_member(world.ada)
    key = client.session.session_key
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    thief = Client()
    thief.cookies["sessionid"] = key
    assert thief.get("/card/").status_code == 302


def test_a_mailed_code_never_opens_the_staff_side(world):
    cleo = User.objects.create_superuser(ADA, "correct horse battery")
    client = Client()
    ask(client, ADA)
    client.post("/sign-in/code/", {"code": newest_code()})
    user = User.objects.get(pk=client.session["_auth_user_id"])
    assert user != cleo
    assert not user.is_staff
    assert "@members.invalid" in user.email


def test_staff_without_membership_are_strangers_here(programme):
    cleo = User.objects.create_superuser("cleo@example.com", "correct horse battery")
    client = Client()
    client.force_login(cleo, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/card/").status_code == 302


def test_allauths_own_sign_in_and_sign_up_are_closed(programme):
    closed = ["login/", "signup/", "logout/", "email/", "login/code/", "password/reset/", "2fa/"]
    assert {Client().get(f"/accounts/{path}").status_code for path in closed} <= {302, 404}
    assert User.objects.count() == 0


def test_a_mail_that_cannot_be_sent_is_said_and_nobody_is_let_in(world, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    reply = ask(Client(), ADA)
    assert reply.status_code == 422
    assert "could not be sent" in reply.content.decode()


def test_the_code_is_no_message_that_staff_could_read(world):
    before = Message.objects.count()
    ask(Client(), ADA)
    assert Message.objects.count() == before
