"""The form of a document: the schema's word, with the place and the mend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from rewards import programme_file
from rewards.programme_file.grammar import earning, giving
from rewards.rules import campaigning, making

from .programmes import CONTRACT, said, small

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.django_db


def test_the_published_schema_is_the_one_that_check_uses():
    published = (ROOT / "docs" / "programme.schema.json").read_text(encoding="utf-8")
    assert published == programme_file.schema_text(), "./run manage programme schema > docs/programme.schema.json"
    Draft202012Validator.check_schema(json.loads(published))
    reply = Client().get("/api/programme.schema.json")
    assert (reply.status_code, reply["Content-Type"]) == (200, "application/schema+json")
    assert reply.json() == programme_file.SCHEMA
    again = Client().get("/api/programme.schema.json", headers={"If-None-Match": reply["ETag"]})
    assert again.status_code == 304


def test_schema_and_engine_know_the_same_keys():
    kinds = {kind: set(own) for kind, own in earning.RULE_KINDS.items()}
    assert kinds == {kind: set(keys) for kind, (_, keys) in making.KINDS.items()}
    variant = programme_file.SCHEMA["$defs"]["rule"]["allOf"][0]["then"]["properties"]
    assert set(variant) - kinds["per_amount"] == making.COMMON_KEYS
    assert set(earning.CAMPAIGN["properties"]) == campaigning.KEYS


def test_the_contract_s_example_is_of_the_right_form_and_has_no_error():
    found = programme_file.check(CONTRACT.read_text(encoding="utf-8"))
    assert [problem for problem in found if problem.severity == "error"] == []
    assert {problem.code for problem in found} == {"not_worked_out", "sku_unseen"}


@pytest.mark.parametrize(
    ("changes", "place", "code", "mend"),
    [
        ({"rulez": []}, "rulez", "unknown_key", "did you mean rules?"),
        ({"xyz": 1}, "xyz", "unknown_key", "take it out; known here: loyalty, name, settings"),
        ({"loyalty": 2}, "loyalty", "not_a_choice", "give 1, the version of this syntax"),
        ({"settings": []}, "settings", "wrong_type", "give a mapping"),
        ({"settings": {"currency": "yen"}}, "settings.currency", "wrong_form", "give an ISO 4217 code such as JPY"),
        ({"settings": {"currency": "JPY\n"}}, "settings.currency", "wrong_form", "give an ISO 4217 code such as JPY"),
        (
            {"settings": {"earning": {"rounding": "flor"}}},
            "settings.earning.rounding",
            "not_a_choice",
            "did you mean floor?",
        ),
        (
            {"settings": {"earning": {"pending": "soon"}}},
            "settings.earning.pending",
            "not_a_choice",
            "give one of none, return_window",
        ),
        (
            {"settings": {"expiry": {"kind": "rolling", "dates": []}}},
            "settings.expiry.dates",
            "unknown_key",
            "take it out; known here: kind, days, months, round_up_to",
        ),
        ({"stores": []}, "stores", "empty", "give a list"),
        ({"stores": [{"name": "x"}]}, "stores[0].code", "required", "add it"),
        ({"stores": [{"code": "a b"}]}, "stores[0].code", "wrong_form", "give a code: letters, digits, dots, hyphens"),
        ({"stores": [{"code": 7}]}, "stores[0].code", "not_quoted", 'write "7"'),
        ({"name": 7}, "name", "not_quoted", 'write "7"'),
        ({"stores": [{"code": -7}]}, "stores[0].code", "wrong_type", "give a code"),
        ({"settings": {"earning": {"pending": 7}}}, "settings.earning.pending", "wrong_type", "give none,"),
        (
            {"campaigns": [{"code": "c", "window": {"hours": ["09:00"]}}]},
            "campaigns[0].window.hours",
            "too_few",
            "give at least 2",
        ),
        (
            {"campaigns": [{"code": "c", "window": {"hours": ["09:00"] * 3}}]},
            "campaigns[0].window.hours",
            "too_many",
            "keep at most 2",
        ),
        (
            {"rules": [{"code": "a", "kind": "per_amount", "points": 1, "per": 100}]},
            "rules[0].per",
            "not_quoted",
            'write "100"',
        ),
        (
            {"rules": [{"code": "a", "kind": "per_visit", "points": "10"}]},
            "rules[0].points",
            "not_an_integer",
            "write 10 without quotes",
        ),
        (
            {"rules": [{"code": "a", "kind": "per_visit", "points": 1.0}]},
            "rules[0].points",
            "wrong_type",
            "give a whole number",
        ),
        (
            {"rules": [{"code": "a", "kind": "per_visit", "points": 0}]},
            "rules[0].points",
            "out_of_range",
            "give a whole number from 1",
        ),
        (
            {"rules": [{"code": "a", "kind": "per_visit", "points": True}]},
            "rules[0].points",
            "wrong_type",
            "give a whole number",
        ),
        ({"rules": [{"code": "a", "kind": "multiplier", "factor": 2}]}, "rules[0].factor", "not_quoted", 'write "2"'),
        (
            {"rules": [{"code": "a", "kind": "multiplier", "factor": "1e+06"}]},
            "rules[0].factor",
            "wrong_form",
            "give a f",
        ),
        (
            {"rules": [{"code": "a", "kind": "multiplier", "factor": 1e6}]},
            "rules[0].factor",
            "not_quoted",
            'write "1000',
        ),
        ({"rules": [{"code": "a", "kind": "per_visit", "points": 1, "per": "1"}]}, "rules[0].per", "unknown_key", ""),
        ({"rules": [{"code": "a", "points": 1}]}, "rules[0].kind", "required", "add it"),
        ({"rules": [{"code": "a", "kind": "perunit"}]}, "rules[0].kind", "not_a_choice", "did you mean per_unit?"),
        ({"rules": [[]]}, "rules[0]", "wrong_type", "give a mapping"),
        (
            {"rules": [{"code": str(i), "kind": "per_visit", "points": 1} for i in range(2001)]},
            "rules",
            "too_many",
            "keep 2000: take out",
        ),
        (
            {"campaigns": [{"code": "c", "control_percent": 101}]},
            "campaigns[0].control_percent",
            "out_of_range",
            "give",
        ),
        (
            {"campaigns": [{"code": "c", "window": {"hours": ["9:00", "21:00"]}}]},
            "campaigns[0].window.hours[0]",
            "wrong_form",
            "give a time",
        ),
        (
            {"rewards": [{"code": "r", "kind": "percent_off", "percent": "101"}]},
            "rewards[0].percent",
            "wrong_form",
            "give a percent",
        ),
        (
            {"rewards": [{"code": "r", "kind": "product", "sku": "A", "stock": {"a b": 1}}]},
            "rewards[0].stock.a b",
            "not_a_key",
            "give a code",
        ),
        (
            {"plans": [{"code": "p", "length": "for ever"}]},
            "plans[0].length",
            "not_a_choice",
            "give one of lifetime, event",
        ),
        ({"plans": [{"code": "p", "length": {}}]}, "plans[0].length", "empty", ""),
        (
            {"events": [{"code": "e", "starts_at": "2027-04-27", "tickets": [{"kind": "s", "capacity": 1}]}]},
            "events[0].starts_at",
            "wrong_form",
            "give a time",
        ),
        (
            {"messages": [{"code": "m", "trigger": "member.enrolled", "channels": ["fax"], "text": "x"}]},
            "messages[0].channels[0]",
            "not_a_choice",
            "give one of inbox",
        ),
        ({"name": {"en": ""}}, "name.en", "empty", "give a text"),
        ({"name": {"English": "x"}}, "name.English", "not_a_key", "give a language such as ja"),
        ({"name": None}, "name", "wrong_type", "give a text, or {en: …, ja: …}"),
    ],
)
def test_what_is_of_the_wrong_form_is_named_with_its_mend(changes, place, code, mend):
    found = {problem.place: problem for problem in programme_file.check_document(small(**changes))}
    assert place in found, found
    assert found[place].code == code
    assert found[place].mend.startswith(mend), found[place].mend
    assert found[place].severity == "error"


def test_mistakes_of_form_and_of_meaning_are_told_together():
    document = small(rewards=[{"code": "r", "kind": "percent_off", "percent": 10, "tiers": ["glod"]}])
    document["settings"] = {"currency": "USD", "timezone": "Asia/Tokio", "langs": ["en"]}
    assert said(document) == {
        "settings.langs": "unknown_key",
        "settings.timezone": "zone_unknown",
        "rewards[0].percent": "not_quoted",
        "rewards[0].tiers[0]": "unknown_reference",
    }


def test_every_kind_of_reward_has_its_place_in_the_schema():
    named = {"amount_off", "percent_off", "free_units", "pay_with_points", "product", "code_pool", "gift", "experience",
             "ticket", "donation", "content", "cashback"}  # fmt: skip
    assert set(giving.REWARD_KINDS) == named


@pytest.mark.parametrize("hidden", ["\\0", "\\u202e", "\\x07"])
def test_a_character_that_nobody_sees_is_named_with_its_place(hidden):
    text = f'loyalty: 1\nname: Shop\nsettings: {{currency: USD}}\nstores:\n  - {{code: main, name: "a{hidden}b"}}\n'
    [problem] = programme_file.check(text)
    assert (problem.severity, problem.line, problem.place, problem.code) == (
        "error",
        5,
        "stores[0].name",
        "not_printable",
    )
    assert programme_file.check_document(programme_file.read(text).document)[0].code == "not_printable"
    with pytest.raises(programme_file.ProgrammeRefused):
        programme_file.apply(text=text, actor="system:test")


@pytest.mark.parametrize("written", ["007", "1.50", "0x1F"])
def test_a_number_that_should_be_text_is_shown_as_it_was_written(written):
    [problem] = programme_file.check(f"loyalty: 1\nstores: [{{code: main, group: {written}}}]\n")
    assert (problem.code, problem.mend) == ("not_quoted", f'write "{written}"')
