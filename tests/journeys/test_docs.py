"""What the documents show is what happens."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands
from django.test import Client

from loyalty import policies
from loyalty.models import Entry
from members.enrolment import enrol
from rewards import programme_file, rules
from rewards.demo import replay
from rewards.demo.people import person
from rewards.programme import ruleset
from rewards.programme_file.grammar import earning

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *(
        ROOT / "docs" / f"{name}.md"
        for name in ("index", "activities", "architecture", "expiry", "glossary", "ledger", "programme")
    ),
    ROOT / "docs/performance.md",
    ROOT / "rewards/demo/SOURCE.md",
    *sorted((ROOT / "docs/decisions").glob("*.md")),
]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def blocks(file: str, language: str) -> list[str]:
    return [body for name, body in FENCE.findall((ROOT / file).read_text()) if name == language]


@pytest.mark.parametrize("page", OURS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    targets = [t for t in LINK.findall(page.read_text()) if "://" not in t and not t.startswith("mailto:")]
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_the_screenshots_of_the_readme_are_there():
    for name in ("portal", "admin"):
        assert (ROOT / f"docs/images/{name}.png").stat().st_size > 10_000


def test_the_readme_is_read_in_one_sitting():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_every_command_of_the_readme_exists():
    named = set(re.findall(r"(?:\./run manage|python manage\.py) (\w+)", (ROOT / "README.md").read_text()))
    assert named >= {"figures", "check_books", "create_key", "create_staff", "staff_code"}
    assert named - {"COMMAND"} <= set(get_commands())


@pytest.mark.django_db
def test_the_ledger_does_what_its_page_shows():
    told: dict[str, object] = {}
    for block in blocks("docs/ledger.md", "python"):
        exec(compile(block, "docs/ledger.md", "exec"), told)
    assert Entry.objects.count() == 7


@pytest.mark.django_db
def test_the_readme_s_first_sale_earns_what_it_says():
    document = json.loads(replay.DOCUMENT.read_text())
    policies.apply(document=document, actor="test", valid_from=datetime(2026, 1, 1, tzinfo=UTC))
    first = person(1)
    enrol(email=first.email, name=first.name, actor="test")
    key = io.StringIO()
    call_command("create_key", "till-1", "--scopes", "sales", "members:read", "members:write", stdout=key)
    (selling,) = (block for block in blocks("README.md", "console") if "/api/v1/sales" in block)
    body = re.findall(r"-d '(.*?)'", selling, re.DOTALL)[0]
    headers = {"Authorization": f"Bearer {key.getvalue().strip()}", "Idempotency-Key": "R-1001"}
    replies = [
        Client().post("/api/v1/sales", data=body, content_type="application/json", headers=headers) for _ in range(2)
    ]
    assert [reply.status_code for reply in replies] == [201, 201]
    assert replies[0].content == replies[1].content
    (shown,) = blocks("README.md", "json")
    said, told = replies[0].json(), json.loads(shown)
    assert said["points"] == told["points"]
    assert said["receipt_text"].startswith(told["receipt_text"].partition(" …")[0])
    (rule,) = told["decision"]["rules"]
    assert rule.items() <= said["decision"]["rules"][0].items()
    assert Entry.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("spend_minor", [0, 20_000])
def test_the_example_programme_is_one(spend_minor):
    (text,) = blocks("docs/programme.md", "yaml")
    told = {"text": text}
    for block in blocks("docs/programme.md", "python"):
        exec(compile(block, "docs/programme.md", "exec"), told)
    programme = policies.current()
    assert programme.currency == "JPY"
    basket = rules.Basket(
        lines=(rules.Line(number=1, amount_minor=1_980),),
        occurred_at=datetime(2026, 11, 27, 3, tzinfo=UTC),  # a Friday in Tokyo
        currency="JPY",
        store="umeda",
    )
    facts = rules.Facts(tiers={"status": "gold" if spend_minor else "bronze"}, spend_minor=spend_minor)
    decision = rules.decide(basket, facts, ruleset(programme))
    assert decision.points == (19 * 2 + 200 if spend_minor else 19 + 200)


@pytest.mark.django_db
def test_the_programme_page_names_every_key_of_the_file():
    page = (ROOT / "docs/programme.md").read_text()
    for kind in earning.RULE_KINDS:
        assert f"| `{kind}` |" in page
    words = set(re.findall(r"[a-z_]+", page))
    assert set(_keys(programme_file.SCHEMA)) <= words
    assert programme_file.check(blocks("docs/programme.md", "yaml")[0]) == []


def _keys(schema):
    """Every key that the file may have."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for inner in schema.values():
            yield from _keys(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _keys(inner)
