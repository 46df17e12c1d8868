"""Schemathesis over all operations: no 5xx, no status or reply off the document (FAULTS T8)."""

from __future__ import annotations

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as tried
from schemathesis import GenerationMode, checks

from loyalty.api import auth
from members import enrolment
from tests.rewards.conftest import apply
from tests.size import by_size

CASES = by_size(4, 25, 300)  # of each operation, right ones and wrong ones, for each caller
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.mark.parametrize("scopes", [auth.SCOPES, ("sales",), ()], ids=["all", "sales", "anonymous"])
def test_t8_no_reply_is_off_the_document(committed, settings, scopes):
    settings.LOYALTY_KEY_LIMIT_PER_MINUTE = settings.LOYALTY_FAILED_LIMIT_PER_MINUTE = 10**9
    apply()
    token = auth.issue(name="fuzz", scopes=list(scopes))[1] if scopes else "none"
    ada = enrolment.enrol(name="Ada", email="ada@example.com", card=None, actor="test")
    document = schemathesis.openapi.from_wsgi("/api/schema", get_wsgi_application())
    operations = [result.ok() for result in document.get_all_operations()]
    assert len(operations) >= 10
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            strategy = operation.as_strategy(generation_mode=mode)
            if mode == GenerationMode.POSITIVE:
                strategy = strategy.map(lambda case: grounded(case, str(ada.pk)))
            fuzz(strategy, {"Authorization": f"Bearer {token}"})


def grounded(case, member: str):
    """The case with a store and a member that exist, so that some cases reach the operation itself."""
    if "member_id" in (case.path_parameters or {}):
        case.path_parameters["member_id"] = member
    if isinstance(case.body, dict):
        if "store" in case.body:
            case.body["store"] = "main"
        if case.body.get("member"):
            case.body["member"] = {"id": member}
        if "lines" in case.body and "total" in case.body:  # one simple line, so that it adds up
            case.body |= {"lines": [{"amount": case.body["total"]}], "currency": "USD", "discounts": [], "tenders": []}
            case.body |= {"occurred_at": None, "apply": [], "redemptions": []}
    return case


def fuzz(strategy, headers: dict[str, str]) -> None:
    @seed(2026)
    @tried(
        max_examples=CASES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case) -> None:
        case.validate_response(case.call(headers=headers), checks=CHECKS)

    run()
