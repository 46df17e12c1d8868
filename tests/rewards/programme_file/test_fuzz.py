"""Whatever somebody writes: check answers with places, and never raises."""

from __future__ import annotations

import copy
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewards import programme_file
from rewards.demo import replay
from rewards.programme_file import canonical, check, checking, meaning, read
from tests.size import by_size

from .programmes import CONTRACT

CASES = by_size(200, 2000, 10_000)
FILES = [CONTRACT, *map(replay.programme_of, replay.DEMOS)]
TEXTS = [file.read_text(encoding="utf-8") for file in FILES]
DOCUMENTS = [read(text).document for text in TEXTS]
fuzz = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8), st.sampled_from(["0", "-1", "1e9", "2026-02-30T00:00:00+00:00", "base", "all", "24:00"]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(autouse=True)
def pure(monkeypatch):
    """What is stored does not matter here, and ten thousand questions to the database take long."""
    monkeypatch.setattr(meaning, "AGAINST_WHAT_IS_STORED", ())


def judged(found) -> None:
    """Every problem has what a person needs."""
    for problem in found:
        assert problem.severity in ("error", "warning") and problem.code and problem.detail
        assert problem.line >= 1 and problem.column >= 1


@fuzz
@given(st.text(max_size=200))
def test_any_text(text):
    judged(check(text))


PIECES = st.sampled_from(
    ["loyalty: 1\n", "rules:\n", "  - ", "- ", "{", "}", "[", "]", ": ", ", ", "\n", " ", "  ", "\t", "'", '"', "#",
     "&a ", "*a", "!!str ", "|\n", ">\n", "? ", "---\n", "...\n", "%YAML 1.2\n", "code", "kind", "null", "0x", "1",
     "港", "\ufeff", "\\u", "<<: "]
)  # fmt: skip


@fuzz
@given(st.lists(PIECES, max_size=40).map("".join))
def test_pieces_of_yaml(text):
    judged(check(text))


@fuzz
@given(st.sampled_from(TEXTS), st.integers(0, 10**9), st.lists(PIECES, max_size=3).map("".join), st.integers(0, 30))
def test_a_programme_with_a_part_of_its_text_replaced(text, at, instead, length):
    at %= len(text)
    judged(check(text[:at] + instead + text[at + length :]))


@fuzz
@given(st.sampled_from(DOCUMENTS), st.randoms(use_true_random=False), VALUES, st.integers(1, 3))
def test_a_programme_with_some_values_replaced(document, chance, value, times):
    document = copy.deepcopy(document)
    for _ in range(times):
        _mutate(document, chance, value)
    found = checking.check_document(document)
    assert all(problem.code and problem.detail for problem in found)
    text = canonical(document)
    again = read(text).document
    assert again == document and canonical(again) == text
    judged(check(text))


def _mutate(document, chance: random.Random, value) -> None:
    holder = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(holder[key], dict | list) and holder[key] and chance.random() < 0.75:
            holder = holder[key]
            continue
        if chance.random() < 0.3 and isinstance(holder, dict):
            holder[str(value)[:20] or "key"] = holder.pop(key)
        elif chance.random() < 0.2:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(value)
        return


def test_the_contract_s_example_and_all_templates_survive_their_canonical_text():
    for document in DOCUMENTS:
        text = canonical(document)
        assert read(text).document == document and canonical(read(text).document) == text
        assert [problem for problem in programme_file.check(text) if problem.severity == "error"] == []
