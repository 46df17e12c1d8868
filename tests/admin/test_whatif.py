"""What-if on the staff pages: asked in one form, followed, read, taken away as a file."""

from __future__ import annotations

import csv
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from loyalty import policies
from loyalty.models import AuditRecord, Role
from members.enrolment import enrol
from members.models import Member
from rewards import programme_file, whatif
from rewards.models import Draft, WhatIf
from tests.browser import every_look

from .conftest import DOCUMENT, sell, signed_in
from .test_looks import complaints, opened

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
CAMPAIGN = {
    "code": "spring",
    "name": {"en": "Spring double", "ja": "春の2倍"},
    "window": {"from": "2027-03-01T00:00:00+00:00", "until": "2027-05-01T00:00:00+00:00"},
    "budget": {"points": 90, "at_end": "partial"},
    "rules": [
        {
            "code": "spring-double",
            "name": {"en": "Double for Silver", "ja": "シルバー2倍"},
            "kind": "multiplier",
            "factor": "2",
            "when": {"all": [{"field": "member.tier", "op": "in", "value": ["silver"]}]},
        }
    ],
}
POINTS = {"code": "pay", "kind": "pay_with_points", "block": 100, "value": "1", "min_points": 100}
LEVELS = [
    {"code": "bronze", "from": "0", "name": {"en": "Bronze", "ja": "ブロンズ"}},
    {"code": "silver", "from": "300", "name": {"en": "Silver", "ja": "シルバー"}},
]
LATER = {
    **DOCUMENT,
    "tiers": [{**DOCUMENT["tiers"][0], "levels": LEVELS}],
    "rules": [*DOCUMENT["rules"], {"code": "visit", "kind": "fixed", "points": 3, "each": "sale",
              "when": {"all": [{"field": "basket.amount", "op": ">=", "value": "90"}]}}],
    "campaigns": [CAMPAIGN],
    "rewards": [POINTS],
}  # fmt: skip


@pytest.fixture
def shoppers(programme) -> list[Member]:
    """A dozen people who bought in March and April 2026."""
    policies.apply(document={**DOCUMENT, "rewards": [POINTS]}, actor="test")
    people = []
    for number in range(12):
        person = enrol(
            name=f"=Ada {number}", external_id=f"a{number}", actor="key:Till", occurred_at=NOW - timedelta(days=90)
        )
        for visit in range(3 + number % 4):
            at = datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(days=7 * visit, hours=number)
            store = ("main", "harbour")[(number + visit) % 2]
            sell(person, 2_000 + 1_500 * ((number * visit) % 7), store=store, receipt=f"S-{number}-{visit}", at=at)
        people.append(person)
    return people


@pytest.fixture
def draft(shoppers) -> Draft:
    return Draft.objects.create(
        name="Spring double", document=LATER, based_on=2, author="staff:test", changed_by="staff:test"
    )


def finished(client, run: WhatIf) -> str:
    while whatif.work():
        pass
    response = client.get(reverse("admin:whatif", args=[run.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_a_marketer_asks_about_a_draft_and_reads_the_answer(draft, hire):
    client = signed_in(hire(Role.MARKETER))
    page = client.get(reverse("admin:whatif_start") + f"?draft={draft.pk}").content.decode()
    assert f'value="draft:{draft.pk}" selected' in page
    response = client.post(reverse("admin:whatif_start"), {"source": f"draft:{draft.pk}", "period": "all"})
    run = WhatIf.objects.get()
    assert response.status_code == 302 and response["Location"] == reverse("admin:whatif", args=[run.pk])
    waiting = client.get(response["Location"]).content.decode()
    assert "hx-get" in waiting and 'http-equiv="refresh"' in waiting
    text = finished(client, run)
    run.refresh_from_db()
    before, after = run.result["points"]
    assert f"+{after - before:,}" in text and after > before
    assert "Spring double" in text and "Used up" in text
    assert AuditRecord.objects.filter(action="whatif.started", object_id=str(run.pk)).exists()


def test_names_are_masked_for_marketers_and_clear_for_administrators(draft, hire, desk):
    run = whatif.start(document=LATER, name="x", since=None, until=None, actor="test")
    marketer = finished(signed_in(hire(Role.MARKETER)), run)
    assert "=Ada" not in marketer and "=** " in marketer
    assert "=Ada" in finished(desk, run)


def test_the_file_of_members_runs_no_formula(draft, desk, hire):
    run = whatif.start(document=LATER, name="x", since=None, until=None, actor="test")
    finished(desk, run)
    address = reverse("admin:whatif_members", args=[run.pk])
    rows = list(csv.reader(io.StringIO(desk.get(address).content.decode("utf-8-sig"))))
    assert len(rows) > 3 and all(row[1].startswith("'=Ada") for row in rows[1:])
    assert all(int(row[3]) - int(row[2]) == int(row[4]) for row in rows[1:])
    assert signed_in(hire(Role.MARKETER)).get(address).status_code == 403


def test_a_file_is_asked_about_and_a_wrong_one_is_refused_with_its_place(shoppers, desk):
    address = reverse("admin:whatif_start")
    good = programme_file.canonical(LATER).encode()
    upload = SimpleUploadedFile("spring.yaml", good)
    assert desk.post(address, {"source": "file", "period": "month", "file": upload}).status_code == 302
    assert WhatIf.objects.get().name == "spring.yaml"
    broken = good.decode().replace("kind: multiplier", "kind: multiplicator")
    response = desk.post(address, {"source": "file", "period": "month", "text": broken})
    assert response.status_code == 422 and "nothing was started" in response.content.decode()
    assert "multiplicator" in response.content.decode()  # what was typed is kept
    response = desk.post(address, {"source": "file", "period": "days", "text": good.decode(), "since": "2026-04-02",
                                   "until": "2026-04-01"})  # fmt: skip
    assert response.status_code == 422
    assert WhatIf.objects.count() == 1


def test_an_auditor_reads_and_may_not_ask_or_stop(draft, hire):
    run = whatif.start(document=LATER, name="x", since=None, until=None, actor="test")
    client = signed_in(hire(Role.AUDITOR))
    assert client.get(reverse("admin:whatif", args=[run.pk])).status_code == 200
    assert client.post(reverse("admin:whatif_start"), {"source": "version:1", "period": "all"}).status_code == 403
    assert client.post(reverse("admin:whatif_stop", args=[run.pk])).status_code == 403
    run.refresh_from_db()
    assert run.status == WhatIf.Status.QUEUED


def test_a_run_is_stopped(draft, desk):
    run = whatif.start(document=LATER, name="x", since=None, until=None, actor="test")
    assert desk.post(reverse("admin:whatif_stop", args=[run.pk])).status_code == 302
    assert "stopped" in finished(desk, run)
    run.refresh_from_db()
    assert run.status == WhatIf.Status.CANCELLED and run.result is None


def test_without_sales_the_page_says_what_to_do(programme, desk):
    assert "it can be asked after the first ones" in desk.get(reverse("admin:whatif_start")).content.decode()


@pytest.mark.browser
@every_look
def test_its_pages_fit_and_can_be_read(browser, served, committed, draft, cleo, language, size, scheme):
    done = whatif.start(document=LATER, name="Spring double", since=None, until=None, actor="test", draft=draft.pk)
    while whatif.work():
        pass
    waiting = whatif.start(document=LATER, name="Spring double", since=None, until=None, actor="test")
    context, wrong = opened(browser, served, cleo, language=language, size=size, scheme=scheme), []
    pages = {"start": reverse("admin:whatif_start")} | {
        name: reverse("admin:whatif", args=[run.pk]) for name, run in (("done", done), ("waiting", waiting))
    }
    for name, address in pages.items():
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda line, to=said: to.append(line.text) if line.type == "error" else None)
        response = page.goto(served + address)
        page.wait_for_timeout(150)
        assert response is not None and response.status == 200, address
        if shots := os.environ.get("WHATIF_SHOTS"):
            page.screenshot(path=Path(shots) / f"{name}-{language}-{size['width']}-{scheme}.png", full_page=True)
        wrong += [(address, text) for text in said if "404" not in text]
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wrong.append((address, f"{over} px too wide"))
        wrong += [(address, text) for text in complaints(page)]
        page.close()
    context.close()
    assert wrong == []
