"""`manage.py programme`: what is printed where, and the exit codes."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from rewards import programme_file

from .programmes import CONTRACT, SMALL, small

pytestmark = pytest.mark.django_db


def run(*words: object) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("programme", *map(str, words), stdout=out, stderr=err)
    except SystemExit as left:
        return int(str(left.code)), out.getvalue(), err.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path):
    def write(document, name="p.yaml"):
        path = tmp_path / name
        path.write_text(programme_file.canonical(document), encoding="utf-8")
        return path

    return write


def test_check_names_file_line_column_and_place(file):
    bad = file(small(rules=[{"code": "base", "kind": "per_amount", "points": 1, "per": 1}]))
    line = programme_file.canonical(SMALL).splitlines().index("rules:") + 2
    code, out, _ = run("check", bad)
    assert code == 1
    assert out.splitlines()[0].startswith(f"{bad}:{line}:")
    assert out.splitlines()[0].endswith('rules[0].per: This must be text in quotes, not a number; write "1"')
    assert out.splitlines()[-1] == f"{bad}: 1 error, 0 warnings"
    code, out, _ = run("check", bad, "--json")
    body = json.loads(out)
    assert (code, body["errors"], body["warnings"]) == (1, 1, 0)
    assert body["problems"][0]["line"] == line and body["problems"][0]["code"] == "not_quoted"


def test_warnings_alone_are_no_failure():
    code, out, _ = run("check", CONTRACT)
    assert code == 0 and "0 errors, 4 warnings" in out


def test_apply_prints_the_version_alone_and_export_gives_the_bytes_back(tmp_path):
    assert run("apply", CONTRACT) == (0, "1\n", "")
    assert run("export")[1] == CONTRACT.read_text(encoding="utf-8")
    assert run("export", tmp_path / "out.yaml")[0] == 0
    assert (tmp_path / "out.yaml").read_bytes() == CONTRACT.read_bytes()
    assert run("apply", CONTRACT)[1] == "2\n"
    assert run("rollback", 1)[1] == "3\n"
    assert run("export", "--version", 9)[0] == 2
    assert run("rollback", 9)[0] == 2


def test_apply_refuses_with_the_places_and_changes_nothing(file):
    bad = file(small(stores=[{"code": "a"}, {"code": "a"}]))
    code, out, err = run("apply", bad)
    assert (code, out) == (1, "")
    assert f"{bad}:" in err and "stores[1].code" in err and "Nothing was changed." in err
    assert run("versions", "--json")[1] == "[]\n"


def test_what_cannot_be_read_is_another_failure(tmp_path):
    assert run("check", tmp_path / "nobody.yaml")[0] == 2
    (tmp_path / "bytes.yaml").write_bytes(b"loyalty: 1\nname: \xff\n")
    code, out, _ = run("check", tmp_path / "bytes.yaml")
    assert code == 1 and "2:7: " in out and "UTF-8" in out
    (tmp_path / "large.yaml").write_bytes(b"#" * 2_000_000)
    assert "1048576" in run("check", tmp_path / "large.yaml")[1]


def test_diff_says_what_would_change_and_who_would_move(file):
    assert run("apply", file(SMALL))[0] == 0
    assert run("diff", file(SMALL))[1] == "Nothing would change.\n"
    other = file(small(rules=[{**SMALL["rules"][0], "points": 2}]), "other.yaml")
    assert run("diff", other)[1] == "~ rules[0].points (base): 1 → 2\n"
    body = json.loads(run("diff", other, "--json")[1])
    assert body == {
        "against": 1,
        "changes": [
            {"kind": "changed", "section": "rules", "code": "base", "place": "rules[0].points", "before": 1, "after": 2}
        ],
        "tiers": [],
    }
    assert run("diff", file(small(name=1), "bad.yaml"))[0] == 1


def test_a_version_may_begin_later_and_versions_says_which_one_is_in_force(file):
    assert run("apply", file(SMALL))[0] == 0
    assert run("apply", file(SMALL), "--from", "2199-01-01T00:00:00+00:00")[:2] == (0, "2\n")
    assert run("apply", file(SMALL), "--from", "2020-01-01T00:00:00+00:00")[0] == 1
    assert run("apply", file(SMALL), "--from", "tomorrow")[0] != 0
    rows = json.loads(run("versions", "--json")[1])
    assert [(row["version"], row["in_force"], row["actor"]) for row in rows] == [
        (1, True, "system:programme"),
        (2, False, "system:programme"),
    ]
    assert run("versions")[1].startswith("*    1  from ")
    assert run("schema")[1] == programme_file.schema_text()
