"""Reading a file: YAML 1.2, nothing clever, and the place of every mistake."""

from __future__ import annotations

import time

import pytest

from rewards import programme_file
from rewards.programme_file import ProgrammeRefused, decode, read

from .programmes import CONTRACT

NESTED = "loyalty: 1\nrules: " + "[" * 30 + "]" * 30
BOMB = "loyalty: 1\na: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"


def test_the_words_of_yaml_1_1_are_text_and_those_of_1_2_are_values():
    text = (
        "loyalty: 1\na: [on, no, yes, Off, y, 1_000, 0777, 12:30, 2026-12-01, 0b1]\n"
        "b: [true, False, null, ~, 0o17, 0x1F, -3, 1.5, 1e3]\n"
    )
    document = read(text).document
    assert document["a"] == ["on", "no", "yes", "Off", "y", "1_000", 777, "12:30", "2026-12-01", "0b1"]
    assert document["b"] == [True, False, None, None, 15, 31, -3, 1.5, 1000.0]
    assert [type(one) for one in document["b"][4:]] == [int, int, int, float, float]


def test_json_is_yaml_too_and_a_mark_of_order_at_the_beginning_is_no_trouble():
    assert read('\ufeff{"loyalty":1,"name":"ロイヤルティ \\/ x"}').document == {
        "loyalty": 1,
        "name": "ロイヤルティ / x",
    }


def test_everything_has_its_place():
    source = read(CONTRACT.read_text(encoding="utf-8"))
    lines = CONTRACT.read_text(encoding="utf-8").splitlines()
    line, column = source.spot("rules[2].caps.per_day")
    assert lines[line - 1][column - 1 :].startswith("1000")
    line, column = source.spot("rules[2].caps.per_day", key=True)
    assert lines[line - 1][column - 1 :].startswith("per_day")
    assert source.spot("rules[2].nothing") == source.spot("rules[2]")
    assert source.spot("") == (1, 1)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("loyalty: 1\nname: [a\n", "malformed_yaml", 3, 1),
        ("loyalty: 1\n\tname: x\n", "malformed_yaml", 2, 1),
        ("loyalty: 1\nname: x\nname: y\n", "doubled_key", 3, 1),
        ("loyalty: 1\nsettings: {currency: JPY, currency: USD}\n", "doubled_key", 2, 27),
        (BOMB, "anchor", 2, 4),
        ("loyalty: 1\nname: *nobody\n", "alias", 2, 7),
        ("loyalty: 1\nname: !!python/object/apply:os.system [ls]\n", "tag", 2, 7),
        ("loyalty: 1\nname: !!str 1\n", "tag", 2, 7),
        ("loyalty: 1\n---\nloyalty: 1\n", "several_documents", 2, 1),
        (NESTED, "too_deep", 2, 27),
        ("loyalty: 1\nname: a\x00b\n", "not_printable", 2, 8),
        ("loyalty: 1\nname: a\x1bb\n", "not_printable", 2, 8),
        ("loyalty: 1\nname: a\u2028b\n", "not_printable", 2, 8),
        ("loyalty: 1\nname: a\ud800b\n", "not_printable", 2, 8),
        ("loyalty: 1\nname: a\ufeffb\n", "not_printable", 2, 8),
        ("loyalty: 1\n[a, b]: c\n", "key_not_text", 2, 1),
        ("loyalty: 1\n? {a: 1}\n: c\n", "key_not_text", 2, 3),
        (f"loyalty: 1\n{'k' * 201}: c\n", "too_long", 2, 1),
        (f"loyalty: 1\nname: {'x' * 20_001}\n", "too_long", 2, 7),
        ("loyalty: 1\nname: .inf\n", "out_of_range", 2, 7),
        (f"loyalty: 1\nname: {'9' * 400}\n", "out_of_range", 2, 7),
        ("", "not_a_mapping", 1, 1),
        ("# nothing\n", "not_a_mapping", 1, 1),
        ("- loyalty: 1\n", "not_a_mapping", 1, 1),
        ("loyalty", "not_a_mapping", 1, 1),
        ("a: 1\n" * 300_000, "too_large", 1, 1),
    ],
)
def test_what_has_no_business_in_a_programme_is_refused_where_it_stands(text, code, line, column):
    found = programme_file.check(text)
    assert (found[0].code, found[0].line, found[0].column) == (code, line, column), found[0]
    assert all(problem.severity == "error" and problem.detail and problem.mend for problem in found)
    with pytest.raises(ProgrammeRefused):
        read(text)


def test_several_mistakes_are_told_at_once():
    found = programme_file.check(BOMB)
    assert [(problem.code, problem.line) for problem in found] == [
        ("anchor", 2), ("anchor", 3), ("alias", 3), ("alias", 3), ("anchor", 4), ("alias", 4), ("alias", 4),
        ("alias", 5), ("alias", 5),
    ]  # fmt: skip
    assert found[0].place == "a" and found[2].place == "b[0]"


def test_bytes_that_are_no_text_are_refused_where_they_begin():
    with pytest.raises(ProgrammeRefused) as refused:
        decode("loyalty: 1\nname: 港".encode() + b"\xff")
    (problem,) = refused.value.problems
    assert (problem.code, problem.line, problem.column) == ("not_utf8", 2, 8)
    with pytest.raises(ProgrammeRefused, match="limit"):
        decode(b"x" * 1_048_577)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        "{" * 500_000,
        "- " * 500_000,
        "? " * 500_000,
        "a: " * 300_000,
        "'" + "x" * 1_000_000,
        "a: {" * 200_000,
        "[" + "[]," * 300_000 + "]",
        "loyalty: 1\nrules: [" + "[]," * 300_000 + "]",
        "loyalty: 1\nstores: [" + "{}," * 300_000 + "]",
        "loyalty: 1\nrules: [" + "{kind: fixed}," * 70_000 + "]",
        "".join(f"k{i}: 1\n" for i in range(90_000)),
        "a: >" + "\n\n" * 400_000,
        "%YAML 1.2\n" * 90_000,
        "# " + "x" * 1_000_000,
    ],
    ids=lambda text: text[:24],
)
def test_a_hostile_file_is_judged_in_moments(text):
    began = time.monotonic()
    found = programme_file.check(text)
    assert found and len(found) <= 400
    assert time.monotonic() - began < 60  # a second or two on a quiet machine


@pytest.mark.parametrize("opening", ["[", "[{a: ", "{a: "])
def test_what_is_too_deep_for_yaml_itself_is_told_in_the_same_words(opening):
    [found] = programme_file.check("loyalty: 1\nrules: " + opening * 20_000)
    assert (found.code, found.line) == ("too_deep", 2)
    assert "20 deep" in found.detail and "conditions may be nested to 4" in found.mend
