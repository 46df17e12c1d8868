"""Nothing on /staff/ is left untranslated: every text of our pages, and of the theme's, has its Japanese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import unfold
from django.utils import translation
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
OURS = ["loyalty/admin", "members/admin", "rewards/admin", "rewards/till", "loyalty/models/staff.py"]
TEMPLATES = ["loyalty/templates", "members/templates/staff", "rewards/templates/staff"]
CALLS = {"_", "gettext", "gettext_lazy", "ngettext"}
TEXT = r"""u?('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
SAME = {"OK", "API", "CSV", "JSON", "%(label)s"}  # read the same in both languages


def of_python(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if texts:
                yield texts[0], texts[1] if node.func.id == "ngettext" else ""


def of_template(path: Path) -> Iterator[tuple[str, str]]:
    source = templatize(path.read_text(), origin=str(path))
    for inner in re.finditer(rf"\b_\({TEXT}\)", source):
        yield ast.literal_eval(inner[1]), ""
    for match in re.finditer(rf"\b(n?)gettext\(u?{TEXT}(?:,\s*u?{TEXT})?", source):
        plural = ast.literal_eval(match[3]) if match[1] and match[3] else ""
        yield ast.literal_eval(match[2]), plural


def texts() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for place in OURS:
        path = ROOT / place
        for file in [path] if path.is_file() else path.rglob("*.py"):
            found |= set(of_python(file))
    theme = Path(unfold.__file__).parent / "templates"
    for folder in [*(ROOT / place for place in TEMPLATES), theme / "admin", theme / "unfold"]:
        for file in folder.rglob("*.html"):
            found |= set(of_template(file))
    return found


@pytest.mark.django_db(transaction=False)
def test_every_text_has_its_japanese():
    with translation.override("ja"):
        missing = sorted(
            text
            for text, plural in texts()
            if text not in SAME
            and re.search("[A-Za-z]{2}", re.sub(r"%\(\w+\)[sd]", "", text))
            and (translation.ngettext(text, plural, 2) if plural else translation.gettext(text)) in (text, plural)
        )
    assert missing == []
