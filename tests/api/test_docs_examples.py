"""The examples of docs/api.md, sent one after the other as they stand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from loyalty.api import auth
from loyalty.models import Store
from tests.api.conftest import Sender
from tests.rewards.conftest import apply

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "api.md"
EXAMPLE = re.compile(r"```http(?: as=(\w+))?\n(.*?)```\n```json (\d+)\n(.*?)```", re.DOTALL)


def fits(shown: Any, sent: Any, where: str = "") -> None:
    """What the page shows is in the reply: `…` stands for any text, a member `"…"` for further members."""
    if isinstance(shown, dict):
        assert isinstance(sent, dict), where
        named = {key: value for key, value in shown.items() if key != "…"}
        assert set(named) == set(sent) or ("…" in shown and set(named) <= set(sent)), (where, sent)
        for key, value in named.items():
            fits(value, sent[key], f"{where}.{key}")
    elif isinstance(shown, list):
        assert isinstance(sent, list) and len(shown) == len(sent), where
        for index, value in enumerate(shown):
            fits(value, sent[index], f"{where}[{index}]")
    elif isinstance(shown, str) and "…" in shown:
        assert isinstance(sent, str) and sent.endswith(shown.rpartition("…")[2]), (where, sent)
    else:
        assert shown == sent, where


@pytest.mark.django_db
def test_every_example_does_what_the_page_says():
    apply()
    till = Sender(auth.issue(name="till", scopes=list(auth.SCOPES), store=Store.objects.get(code="main"))[1])
    names: dict[str, str] = {}
    examples = EXAMPLE.findall(PAGE.read_text())
    assert len(examples) == PAGE.read_text().count("```http") >= 10

    def filled(text: str) -> str:
        return re.sub(r"\$(\w+)", lambda match: names[match[1]], text)

    for name, request, status, shown in examples:
        first, *rest = filled(request).split("\n")
        method, path = first.split(" ")
        key = None
        if rest and rest[0].startswith("Idempotency-Key: "):
            key = rest.pop(0).partition(": ")[2]
        raw = "\n".join(rest).strip().encode()
        reply = till.get(path) if method == "GET" else till.post(path, raw=raw, key=key)
        assert reply.status_code == int(status), (first, reply.content)
        fits(json.loads(filled(shown)), reply.json(), first)
        if name:
            names[name] = reply.json()["id"]
