"""The demo comes out to the cent and the point, however often and wherever its loading is cut short."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db.models import Sum

from loyalty import books, health, outbox
from loyalty.models import AuditRecord, Entry, Fact, Programme, StaffRole, User
from members.models import Consent, Identity, Member, Message, Profile, Sale, TierStanding
from rewards.demo import log, people, replay

ROOT = Path(__file__).resolve().parent.parent.parent
CUSTOMERS = 200
LEVELS = [("platinum", 100_000), ("gold", 50_000), ("silver", 25_000), ("bronze", 0)]


@pytest.fixture
def home(tmp_path, settings):
    settings.LOYALTY_HOME = tmp_path
    return tmp_path


@pytest.fixture
def seed(committed, home):
    """Starts `seed_demo cdnow` in a process of its own on the test's database."""
    url = psycopg.conninfo.make_conninfo(os.environ["DATABASE_URL"], dbname=committed)
    env = {**os.environ, "DATABASE_URL": url, "LOYALTY_HOME": str(home)}

    def start(*options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "manage.py", "seed_demo", "cdnow", *options]
        return subprocess.Popen(command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    return start


def finished(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=500)
    assert process.returncode == 0, output
    return output


def killed_when(process: subprocess.Popen[str], done: float) -> None:
    """kill -9 as soon as /readyz would say that so much is done."""
    while process.poll() is None and (health.seeding() or 0.0) < done:
        time.sleep(0.01)
    assert process.poll() is None, "it was over before it could be killed"
    process.kill()
    process.communicate()


def expected(customers: int) -> dict[str, Any]:
    """The figures, worked out from the sample without us."""
    bought = [p for p in log.purchases() if p.customer <= customers]
    spend: dict[int, int] = defaultdict(int)
    for purchase in bought:
        spend[purchase.customer] += purchase.amount_minor
    tiers = Counter(next(code for code, least in LEVELS if total >= least) for total in spend.values())
    return {
        "members": len(spend),
        "sales": len(bought),
        "spend_minor": sum(spend.values()),
        "points": sum(p.amount_minor // 100 for p in bought),
        "tiers": dict(tiers),
    }


def found() -> dict[str, Any]:
    return {
        "members": Member.objects.count(),
        "sales": Sale.objects.count(),
        "spend_minor": Member.objects.aggregate(sum=Sum("spend_minor"))["sum"],
        "points": Entry.objects.aggregate(sum=Sum("points"))["sum"],
        "tiers": dict(Counter(TierStanding.objects.values_list("level", flat=True))),
    }


TABLES = (Member, Profile, Identity, Consent, Sale, Entry, Fact, Message, User, StaffRole, AuditRecord, Programme)


def everything() -> dict[str, tuple[int, object]]:
    """How many rows each table has and the newest of them."""
    return {t.__name__: (t.objects.count(), t.objects.order_by("pk").values_list("pk").last()) for t in TABLES}


def test_a_demo_cut_short_is_completed_by_the_next_run_and_a_third_changes_nothing(seed, home):
    size = ("--customers", str(CUSTOMERS))
    killed_when(seed(*size), 0.3)
    assert 0 < Sale.objects.count() < expected(CUSTOMERS)["sales"]
    assert health.seeding() is not None
    killed_when(seed(*size), 0.75)  # before its facts are handled
    assert found() == expected(CUSTOMERS)
    finished(seed(*size))
    assert found() == expected(CUSTOMERS)
    assert health.seeding() is None
    assert outbox.waiting()["waiting"] == 0
    assert books.check().problems == []
    before, sign_ins = everything(), (home / "demo.json").read_bytes()
    assert "loaded already" in finished(seed(*size))
    assert everything() == before
    assert (home / "demo.json").read_bytes() == sign_ins


def load(customers: int) -> None:
    call_command("seed_demo", "cdnow", "--customers", str(customers), stdout=io.StringIO())


def test_history_is_told_in_the_inbox_alone(committed, home):
    load(20)
    by_channel = Counter(Message.objects.values_list("channel", flat=True))
    assert by_channel["inbox"] >= 20
    assert set(by_channel) == {"inbox"}


def test_the_sign_ins_are_for_this_installation_and_its_owner_alone(committed, home):
    load(5)
    file = home / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    sign_ins = json.loads(file.read_text())["sign_ins"]
    staff = {one["user"]: one for one in sign_ins if one["face"] == "Staff"}
    assert set(staff) == set(User.objects.filter(is_staff=True).values_list("email", flat=True))
    assert StaffRole.objects.values("role").distinct().count() == 7
    for user in User.objects.filter(is_staff=True):
        assert user.check_password(staff[user.email]["password"])
    assert len({one["password"] for one in staff.values()}) == 7
    portal = [one["user"] for one in sign_ins if one["face"] == "Portal"]
    assert Identity.objects.filter(kind="email", value__in=portal).count() == 2


def test_the_demo_keeps_away_from_somebodys_programme(committed, home):
    Programme.objects.create(version=1, valid_from="2026-01-01T00:00:00Z", document={}, actor="staff:cleo")
    with pytest.raises(replay.ProgrammeInUseError):
        replay.replay(progress=lambda done: None, customers=1)
    assert Member.objects.count() == 0


def test_invented_people_are_nobody_and_always_the_same():
    everyone = [people.person(customer) for customer in range(1, 2358)]
    assert everyone == [people.person(customer) for customer in range(1, 2358)]
    assert len({one.email for one in everyone}) == 2357
    assert all(one.email.endswith("@example.com") for one in everyone)
    phones = [one.phone for one in everyone if one.phone]
    assert len(set(phones)) == len(phones)
    assert all(phone[5:10] == "55501" for phone in phones)
    assert Counter(one.language for one in everyone) == {"en": 1179, "ja": 1178}


def test_everybody_joins_before_buying_and_nothing_happens_before_what_went_before():
    happened = log.events(log.purchases())
    assert [e.occurred_at for e in happened] == sorted(e.occurred_at for e in happened)
    joined: set[int] = set()
    for event in happened:
        if isinstance(event, log.Joining):
            joined.add(event.customer)
        assert event.customer in joined
    assert len(joined) == 2357


@pytest.mark.more
def test_the_whole_demo_is_the_log_to_the_point(seed):
    finished(seed())
    out = io.StringIO()
    call_command("figures", stdout=out)
    figures = json.loads(out.getvalue())
    assert figures["members"] == 2357
    assert figures["members_by_tier"] == {"bronze": 2133, "silver": 148, "gold": 56, "platinum": 20}
    assert figures["sales"] == 6919
    assert figures["spend"] == {"USD": "244091.94"}
    assert figures["points"]["issued"] == figures["points"]["outstanding"] == 239_444
    assert books.check().problems == []
    assert found() == expected(2357)
