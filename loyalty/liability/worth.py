"""What one point is worth to a member: its stand-alone price, as the programme says it."""

from __future__ import annotations

from fractions import Fraction

from loyalty import money
from loyalty.policies import Policies


def of_a_point(programme: Policies) -> Fraction | None:
    """Minor units that one point is worth: `settings.point_value`, else the best that a point pays; None: not said."""
    places: int = 10 ** money.decimals(programme.currency)
    said: object = programme.document.get("settings", {}).get("point_value")
    if said is not None:
        return Fraction(str(said)) * places
    pays = [
        Fraction(money.minor(str(reward["value"]), programme.currency), int(reward["block"]))
        for reward in programme.document.get("rewards", [])
        if reward.get("kind") == "pay_with_points" and reward.get("block") and reward.get("value")
    ]
    return max(pays, default=None)
