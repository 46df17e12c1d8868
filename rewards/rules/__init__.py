"""The rule engine: `compile` a programme once, then `decide` about baskets. Pure; imports no Django."""

from .basket import Basket, Discount, Facts, Granted, Line, Tender
from .compiling import compile  # noqa: A004  (used as rules.compile)
from .decision import Decision, Given, Grant
from .engine import decide
from .reading import RuleError
from .ruleset import Ruleset

__all__ = [
    "Basket",
    "Decision",
    "Discount",
    "Facts",
    "Given",
    "Grant",
    "Granted",
    "Line",
    "RuleError",
    "Ruleset",
    "Tender",
    "compile",
    "decide",
]
