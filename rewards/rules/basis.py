"""How much of each line counts (CONTRACT 1.3 and `settings.earning`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from .basket import Basket, Line
from .numbers import spread

_NUMBER = attrgetter("number")
Index = defaultdict[str, list[int]]
BRAND = "brand:"  # a line's brand is its label `brand:NAME`


@dataclass(frozen=True, slots=True)
class Selection:
    """Lines by SKU, category or label (brands are labels): any one match selects."""

    skus: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.skus or self.categories or self.labels)

    def match(self, line: Line) -> str | None:
        """By what the line is selected (`sku`, `category`, `label`), or None."""
        if line.sku in self.skus:
            return "sku"
        if line.category in self.categories:
            return "category"
        if line.labels and not self.labels.isdisjoint(line.labels):
            return "label"
        return None


@dataclass(frozen=True, slots=True)
class Earning:
    """`settings.earning` as the rules use it."""

    basis: str = "items"
    tax: str = "included"
    discounts: str = "reduce"
    points_payment: str = "no_earn"
    gift_card_payment: str = "earn"
    rounding: str = "floor"
    remainder: str = "drop"
    multipliers: str = "multiply"
    tier_for_sale: str = "before"
    exclude: Selection = field(default_factory=Selection)
    excludes: bool = False  # whether `exclude` names anything


FEW = 4  # so many lines are looked through as fast as looked up


@dataclass(slots=True)
class Basis:
    """Lines in order of their number, what of each counts, and why nothing does."""

    lines: tuple[Line, ...]
    amounts: list[int]
    why: list[str | None]
    counting: list[int]  # positions of the lines that count
    _index: tuple[Index, Index, Index] | None = None

    def matching(self, selection: Selection) -> Collection[int]:
        """Positions of the lines that count and are selected, in any order."""
        if len(self.counting) <= FEW:
            return [i for i in self.counting if selection.match(self.lines[i])]
        if self._index is None:
            self._index = self._indexed()
        found: set[int] = set()
        for index, values in zip(self._index, (selection.skus, selection.categories, selection.labels), strict=True):
            for value in index.keys() & values:
                found.update(index[value])
        return found

    def _indexed(self) -> tuple[Index, Index, Index]:
        """Positions by SKU, category and label."""
        skus, categories, labels = Index(list), Index(list), Index(list)
        for i in self.counting:
            line = self.lines[i]
            skus[line.sku].append(i)
            categories[line.category].append(i)
            for label in line.labels:
                labels[label].append(i)
        return skus, categories, labels

    @property
    def amount_minor(self) -> int:
        """What counts, in sum."""
        return sum(self.amounts)


def reduced(lines: Sequence[Line], basket: Basket, *, only_targeted: bool = False) -> list[int]:
    """What each line costs after the basket's discounts: targeted ones first, then the rest in proportion."""
    left = [line.amount_minor if line.sold else 0 for line in lines]
    whole_basket = [i for i, line in enumerate(lines) if line.sold]
    for targeted in (True, False):
        for discount in basket.discounts:
            if bool(discount.lines) is not targeted or (only_targeted and not targeted):
                continue
            at = [i for i in whole_basket if lines[i].number in discount.lines] if targeted else whole_basket
            for i, part in zip(at, spread(discount.amount_minor, [left[i] for i in at]), strict=True):
                left[i] -= part
    return left


def _pay(left: list[int], amount_minor: int) -> None:
    """Take what was paid in a way that earns nothing off the lines, in proportion."""
    amount_minor = min(amount_minor, sum(left))
    for i, part in enumerate(spread(amount_minor, left)):
        left[i] -= part


def _why(line: Line, earning: Earning) -> str | None:
    if not line.sold:
        return "voided"
    if line.kind == "gift_card_load" or (line.kind != "item" and earning.basis == "items"):
        return line.kind
    if earning.excludes and (match := earning.exclude.match(line)):
        return f"excluded_{match}"
    return None


def of(basket: Basket, earning: Earning) -> Basis:
    """What of each line of `basket` earns."""
    lines = tuple(sorted(basket.lines, key=_NUMBER))
    if earning.discounts == "ignore" or not basket.discounts:
        amounts = [line.amount_minor if line.sold else 0 for line in lines]
    else:
        amounts = reduced(lines, basket, only_targeted=earning.discounts == "targeted")
    if basket.tenders:
        if earning.points_payment == "no_earn":
            _pay(amounts, sum(t.amount_minor for t in basket.tenders if t.kind == "points"))
        if earning.gift_card_payment == "no_earn":
            _pay(
                amounts,
                sum(t.amount_minor for t in basket.tenders if t.kind in ("gift_card", "stored_value")),
            )
    if earning.tax == "excluded":
        amounts = [_without_tax(line, left) for line, left in zip(lines, amounts, strict=True)]
    why = [_why(line, earning) for line in lines]
    counting = [i for i, reason in enumerate(why) if reason is None]
    if len(counting) < len(lines):
        amounts = [0 if why[i] else amount for i, amount in enumerate(amounts)]
    return Basis(lines=lines, amounts=amounts, why=why, counting=counting)


def _without_tax(line: Line, left: int) -> int:
    """`left` of the line's amount without its part of the tax, which is rounded half up to the minor unit."""
    if line.amount_minor == 0:
        return 0
    return left - (2 * line.tax_minor * left + line.amount_minor) // (2 * line.amount_minor)
