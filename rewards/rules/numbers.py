"""Exact numbers: rounding once, and sharing whole points out to lines (CONTRACT Meaning 2)."""

from __future__ import annotations

from collections.abc import Sequence

ROUNDINGS = ("floor", "half_up", "ceil")


def rounded(numerator: int, denominator: int, rounding: str) -> int:
    """`numerator / denominator` as a whole number; half goes up, whatever the sign."""
    if rounding == "floor":
        return numerator // denominator
    if rounding == "half_up":
        return (2 * numerator + denominator) // (2 * denominator)
    return -(-numerator // denominator)


def shared_out(total: int, shares: Sequence[int], denominator: int) -> list[int]:
    """`total` whole points over lines whose exact shares are `shares[i] / denominator`.

    Each gets the whole part of its own share; what is left goes to the largest fractions, ties to the earlier
    one. `total` must be a rounding of the sum of the shares.
    """
    if len(shares) == 1:
        return [total]
    whole = [share // denominator for share in shares] if denominator != 1 else list(shares)
    left = total - sum(whole)
    if left:
        below = [part * denominator - share for part, share in zip(whole, shares, strict=True)]
        for i in sorted(range(len(shares)), key=below.__getitem__)[:left]:
            whole[i] += 1
    return whole


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """`total` minor units over `weights` in proportion, to the last one; equally where all weights are 0."""
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(weights), len(weights)
    return shared_out(total, [total * weight for weight in weights], whole) if weights else []


def text(numerator: int, denominator: int) -> str:
    """A decimal text: exact where it ends within six decimals, else cut there."""
    sign = "-" if numerator < 0 else ""
    millionths = abs(numerator) * 1_000_000 // denominator
    whole, fraction = divmod(millionths, 1_000_000)
    return f"{sign}{whole}.{fraction:06d}".rstrip("0").rstrip(".")
