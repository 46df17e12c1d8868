"""The rule engine: `compile` a programme once, then `decide` about baskets. Pure; imports no Django."""

from .basket import (
    Basket,
    Discount,
    Facts,
    Granted,
    Line,
    Occurrence,
    Progress,
    Tender,
    bucket,
)
from .campaigns import Campaign, campaign_key
from .compiling import compile, problems  # noqa: A004  (used as rules.compile)
from .decision import Decision, Grant
from .engine import answer, decide
from .given import Given, Refused
from .kinds import Referral, Rule, Stamps
from .reading import Problem, RuleError
from .ruleset import Ruleset

__all__ = [
    "Basket",
    "Campaign",
    "Decision",
    "Discount",
    "Facts",
    "Given",
    "Grant",
    "Granted",
    "Line",
    "Occurrence",
    "Problem",
    "Progress",
    "Referral",
    "Refused",
    "Rule",
    "RuleError",
    "Ruleset",
    "Stamps",
    "Tender",
    "answer",
    "bucket",
    "campaign_key",
    "compile",
    "decide",
    "problems",
]
