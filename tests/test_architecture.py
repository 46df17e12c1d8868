"""The house rules that a machine can check (docs/architecture.md), each tried on a planted violation.

Standard library and pytest only, but for the one rule about foreign keys, which asks Django for its models.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import ForeignKey

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ["loyalty", "members", "rewards"]  # each may import itself and what stands to its left
FILE_LINES, FUNCTION_LINES = 400, 70
DRAWERS = {"utils", "util", "helpers", "services", "selectors", "common", "misc", "managers"}
# Inside a floor: admin, api, portal, management → handlers → tasks → operations and their models.
STOREYS = {"tasks": 1, "handlers": 2} | dict.fromkeys(
    ["api", "admin", "portal", "till", "management", "middleware", "templatetags"], 3
)
OPERATIONS = 0  # models too: whatever imports them back is a circle
WIRING = {"settings", "urls", "celery", "wsgi", "asgi"}  # may name what stands above them, as a string
PERMISSIONS = {"loyalty.roles"}  # says who may see which table, by its label
LOADERS = {"import_module", "import_string", "__import__", "get_model", "get_app_config"}
LONGEST_COUNTDOWN_SECONDS = 600  # what is due later is a row with a due time

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Module:
    """One Python file and what it says."""

    path: Path
    name: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def floor(self) -> str:
        return self.name.partition(".")[0]

    @property
    def package(self) -> str:
        """What a relative import starts from."""
        return self.name if self.path.stem == "__init__" else self.name.rpartition(".")[0]

    @property
    def storey(self) -> int:
        """How high inside its floor the file stands; -1 for what wires the floors together."""
        parts = self.name.split(".")
        if WIRING & set(parts[1:]):
            return -1
        return STOREYS.get(parts[1], OPERATIONS) if len(parts) > 1 else OPERATIONS

    @cached_property
    def functions(self) -> list[Function]:
        return [n for n in ast.walk(self.tree) if isinstance(n, Function)]

    @cached_property
    def imports(self) -> list[tuple[int, str, str]]:
        """(line, module, name or "") of every import statement, relative ones resolved."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name, "") for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    start = self.package.split(".")
                    base = ".".join([*start[: len(start) - node.level + 1], *filter(None, [node.module])])
                found += [(node.lineno, base, alias.name) for alias in node.names]
        return found


@dataclass
class House:
    """Every module of the floors and of the tests under one root."""

    root: Path
    folders: list[str] = field(default_factory=lambda: [*FLOORS, "tests"])

    @cached_property
    def modules(self) -> dict[str, Module]:
        found = {}
        for folder in self.folders:
            for path in sorted((self.root / folder).rglob("*.py")):
                if "migrations" in path.parts:
                    continue
                dotted = ".".join(path.relative_to(self.root).with_suffix("").parts)
                name = dotted.removesuffix(".__init__")
                found[name] = Module(path, name, path.read_text())
        return found

    def of_floors(self) -> list[Module]:
        return [m for m in self.modules.values() if m.floor in FLOORS]

    def targets(self, module: Module) -> Iterator[tuple[int, str]]:
        """(line, module of the house) that `module` needs loaded before it is complete.

        Loading a.b.c runs a and a.b first, but those around the importing file are being loaded anyway.
        """
        for line, base, name in module.imports:
            target = f"{base}.{name}" if f"{base}.{name}" in self.modules else base
            parts = target.split(".")
            for end in range(1, len(parts) + 1):
                step = ".".join(parts[:end])
                around = module.name == step or module.name.startswith(step + ".")
                if step in self.modules and (step == target or not around) and step != module.name:
                    yield line, step


def at(module: Module, line: int, text: str) -> str:
    return f"{module.name}:{line}: {text}"


def imports_point_down(house: House) -> Iterator[str]:
    for module in house.of_floors():
        above = FLOORS[FLOORS.index(module.floor) + 1 :]
        for line, base, _name in module.imports:
            if base.split(".")[0] in [*above, "tests"]:
                yield at(module, line, f"{module.floor} does not know {base}")


def upper_floors_are_named_only_where_wired(house: House) -> Iterator[str]:
    """A module or model named by a string is an import in disguise, and so is what a loader is given."""
    for module in house.of_floors():
        above = FLOORS[FLOORS.index(module.floor) + 1 :]
        if not above or module.storey == -1 or module.name in PERMISSIONS:
            continue
        for node in ast.walk(module.tree):
            loads = isinstance(node, ast.Call) and called(node) in LOADERS
            words = node.args if isinstance(node, ast.Call) and loads else [node]
            texts = [w.value for w in words if isinstance(w, ast.Constant) and isinstance(w.value, str)]
            for text in texts:
                floor, _, rest = text.partition(".")
                if floor in above and (loads or rest[:1].isupper() or (rest and text in house.modules)):
                    yield at(module, getattr(node, "lineno", 0), f"names {text}")


def called(call: ast.Call) -> str:
    """The last word of what is called."""
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def storeys_point_down(house: House) -> Iterator[str]:
    for module in house.of_floors():
        if module.storey == -1:
            continue
        for line, target in house.targets(module):
            other = house.modules[target]
            if other.floor in FLOORS and other.storey > module.storey:
                yield at(module, line, f"stands below {target}")


def no_circle(house: House) -> Iterator[str]:
    graph = {name: {target for _, target in house.targets(m)} for name, m in house.modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield "circle: " + " → ".join(reversed(error.args[1]))


def imports_stand_at_the_top(house: House) -> Iterator[str]:
    for module in house.modules.values():
        holders = [n for n in ast.walk(module.tree) if isinstance(n, Function | ast.ClassDef)]
        inside = {
            node.lineno
            for holder in holders
            for node in ast.walk(holder)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        for line in sorted(inside):
            yield at(module, line, "an import inside a function or class")


def no_type_checking_branch(house: House) -> Iterator[str]:
    for module in house.modules.values():
        for node in ast.walk(module.tree):
            if (isinstance(node, ast.Name) and node.id == "TYPE_CHECKING") or (
                isinstance(node, ast.Attribute) and node.attr == "TYPE_CHECKING"
            ):
                yield at(module, node.lineno, "TYPE_CHECKING hides a circle")


def files_and_functions_fit(house: House) -> Iterator[str]:
    for module in house.modules.values():
        lines = len(module.source.splitlines())
        if lines > FILE_LINES:
            yield at(module, lines, "split the file along a noun")
        for function in module.functions:
            if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES:
                yield at(module, function.lineno, f"{function.name} does not fit on a screen")


def no_drawers(house: House) -> Iterator[str]:
    for module in house.modules.values():
        if DRAWERS & set(module.name.split(".")):
            yield f"{module.name}: name it for what it does"


def no_signals(house: House) -> Iterator[str]:
    """Facts go up as outbox rows. Celery's signals are about its processes, not about our data."""
    for module in house.of_floors():
        for line, base, name in module.imports:
            parts = [*base.split("."), name]
            if base.startswith("django.dispatch") or ("signals" in parts and parts[0] != "celery"):
                yield at(module, line, "a signal: record a fact instead")
        for node in [*module.functions, *(n for n in ast.walk(module.tree) if isinstance(n, ast.ClassDef))]:
            for mark in node.decorator_list:
                word = mark.func if isinstance(mark, ast.Call) else mark
                if "receiver" in (getattr(word, "id", ""), getattr(word, "attr", "")):
                    yield at(module, node.lineno, "a signal: record a fact instead")


def nothing_waits_long_in_the_broker(house: House) -> Iterator[str]:
    for module in house.of_floors():
        for call in (n for n in ast.walk(module.tree) if isinstance(n, ast.Call)):
            for word in call.keywords:
                seconds = word.value.value if isinstance(word.value, ast.Constant) else None
                long = not isinstance(seconds, int) or seconds > LONGEST_COUNTDOWN_SECONDS
                if word.arg == "eta" or (word.arg == "countdown" and long):
                    yield at(module, call.lineno, "due work is a row with a due time")


RULES: list[Callable[[House], Iterator[str]]] = [
    imports_point_down,
    upper_floors_are_named_only_where_wired,
    storeys_point_down,
    no_circle,
    imports_stand_at_the_top,
    no_type_checking_branch,
    files_and_functions_fit,
    no_drawers,
    no_signals,
    nothing_waits_long_in_the_broker,
]


@pytest.fixture(scope="module")
def our_house() -> House:
    return House(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(our_house, rule):
    assert list(rule(our_house)) == []


def test_every_file_of_the_floors_is_read(our_house):
    assert {"loyalty.settings", "members.models.members", "rewards.models"} <= set(our_house.modules)
    assert "loyalty.migrations.0001_initial" not in our_house.modules


PLANTED = [
    (imports_point_down, {"loyalty/a.py": "from members.b import c"}),
    (imports_point_down, {"loyalty/a.py": "import rewards.b"}),
    (imports_point_down, {"members/a.py": "import rewards.b as below"}),
    (imports_point_down, {"members/api/a.py": "from ...rewards import b"}),
    (imports_point_down, {"loyalty/settings.py": "import members"}),
    (imports_point_down, {"rewards/a.py": "from tests import b"}),
    (upper_floors_are_named_only_where_wired, {"loyalty/a.py": "apps.get_model('members.Member')"}),
    (upper_floors_are_named_only_where_wired, {"loyalty/a.py": "apps.get_model('members', 'member')"}),
    (upper_floors_are_named_only_where_wired, {"loyalty/a.py": "x = 'members.Member'"}),
    (upper_floors_are_named_only_where_wired, {"loyalty/a.py": "x = 'members.b'", "members/b.py": ""}),
    (upper_floors_are_named_only_where_wired, {"members/a.py": "import_module('rewards.earning')"}),
    (storeys_point_down, {"members/a.py": "from members.api import b", "members/api/b.py": ""}),
    (storeys_point_down, {"members/models/a.py": "from .. import api", "members/api/b.py": ""}),
    (storeys_point_down, {"rewards/a.py": "import members.tasks", "members/tasks.py": ""}),
    (storeys_point_down, {"rewards/tasks.py": "from rewards import handlers", "rewards/handlers.py": ""}),
    (no_circle, {"loyalty/a.py": "from loyalty import b", "loyalty/b.py": "from loyalty.a import x"}),
    (no_circle, {"loyalty/a.py": "from . import b", "loyalty/b.py": "import loyalty.a"}),
    (no_circle, {"loyalty/a/__init__.py": "from .b import x", "loyalty/a/b.py": "from . import y"}),
    (
        no_circle,
        {"loyalty/a/__init__.py": "from .b import x", "loyalty/a/b.py": "from ..c import y"}
        | {"loyalty/c.py": "import loyalty.a.d", "loyalty/a/d.py": ""},
    ),
    (imports_stand_at_the_top, {"rewards/a.py": "def f():\n    from members import b"}),
    (imports_stand_at_the_top, {"rewards/a.py": "def f():\n    import json"}),
    (imports_stand_at_the_top, {"rewards/a.py": "class F:\n    async def f(self):\n        import json"}),
    (no_type_checking_branch, {"rewards/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING: pass"}),
    (no_type_checking_branch, {"rewards/a.py": "import typing as t\nif t.TYPE_CHECKING: pass"}),
    (files_and_functions_fit, {"rewards/a.py": "x = 1\n" * 401}),
    (files_and_functions_fit, {"rewards/a.py": "def f():\n" + "    x = 1\n" * 70}),
    (no_drawers, {"rewards/services.py": ""}),
    (no_drawers, {"rewards/utils/money.py": ""}),
    (no_signals, {"members/a.py": "from django.dispatch import Signal"}),
    (no_signals, {"members/a.py": "from django.db.models import signals"}),
    (no_signals, {"members/a.py": "from allauth.account.signals import user_logged_in"}),
    (no_signals, {"members/a.py": "@receiver(post_save)\ndef f(): pass"}),
    (nothing_waits_long_in_the_broker, {"members/a.py": "task.apply_async(countdown=601)"}),
    (nothing_waits_long_in_the_broker, {"members/a.py": "task.apply_async(eta=tomorrow)"}),
]

KEPT = {
    "loyalty/settings.py": "APPS = ['members.tasks', 'rewards']",
    "loyalty/roles.py": "MAY = {'members.tasks': 'view'}",
    "loyalty/api/urls.py": "include('members.api.urls')",
    "loyalty/models/__init__.py": "from .a import A\nfrom .b import B",
    "loyalty/models/a.py": "from loyalty import clock\nname = 'members'",
    "loyalty/models/b.py": "from .a import A",
    "loyalty/clock.py": "import json\npath = 'members.member'",
    "loyalty/middleware.py": "from loyalty.api import urls",
    "loyalty/ledger.py": "from loyalty.models import A\nfrom . import clock",
    "members/tasks.py": "from celery.signals import worker_ready\nfrom loyalty import ledger",
    "members/api/a.py": "from members.tasks import f\nf.apply_async(countdown=600)",
    "rewards/portal/a.py": "from members.api import a",
}


def build(root: Path, files: dict[str, str]) -> House:
    for name, source in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        for folder in path.relative_to(root).parents:
            if str(folder) != ".":
                (root / folder / "__init__.py").touch()
    return House(root)


@pytest.mark.parametrize(
    ("rule", "files"), PLANTED, ids=[f"{rule.__name__}-{n}" for n, (rule, _) in enumerate(PLANTED)]
)
def test_each_rule_finds_what_breaks_it(tmp_path, rule, files):
    assert list(rule(build(tmp_path, files)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_rule_has_a_violation_planted_and_accepts_a_tidy_house(tmp_path, rule):
    assert rule in [planted for planted, _ in PLANTED]
    assert list(rule(build(tmp_path, KEPT))) == []


def crosses_floors(key: ForeignKey[Any, Any]) -> bool:
    own, other = key.model._meta.app_label, key.related_model._meta.app_label
    return own != other and other in FLOORS


def reaches_up(key: ForeignKey[Any, Any]) -> bool:
    own, other = key.model._meta.app_label, key.related_model._meta.app_label
    return FLOORS.index(other) > FLOORS.index(own)


def test_keys_across_floors_point_down_and_leave_no_name_behind():
    keys = [
        key
        for floor in FLOORS
        for model in apps.get_app_config(floor).get_models()
        for key in model._meta.get_fields()
        if isinstance(key, ForeignKey) and crosses_floors(key)
    ]
    assert len(keys) > 3
    assert [str(key) for key in keys if reaches_up(key) or key.remote_field.related_name != "+"] == []
