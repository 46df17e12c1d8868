"""Refusals: what an operation says when the rules of the programme do not allow it.

Each has a stable `code` of CONTRACT 1.1, which the API puts into an RFC 9457 problem, the portal and the admin
into a sentence. `extra` holds the numbers a caller needs to go on; never personal data.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one field of a request; `field` is a path such as `lines[2].amount`."""

    field: str
    code: str
    detail: str


class Refusal(Exception):  # noqa: N818  (a refusal is an answer, not a fault)
    """The operation was understood and is refused; nothing was changed."""

    status = 409
    code = "refused"
    title = "Refused"
    decision: object = None  # a Decision not yet written, for whoever answers the refusal to store (loyalty.refusals)

    def __init__(self, detail: str = "", *, errors: tuple[FieldError, ...] = (), **extra: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = errors
        self.extra = extra


class NotFound(Refusal):
    """A reference in the path does not exist, or not for this caller."""

    status, code, title = 404, "not_found", "Not found"


class MemberNotFound(Refusal):
    """A member named in a body is unknown."""

    status, code, title = 422, "member_not_found", "No such member"


class StoreNotFound(Refusal):
    """A store named in a body is unknown or closed."""

    status, code, title = 422, "store_not_found", "No such store"


class OwnAccount(Refusal):
    """Staff may not sell to, or move the points of, their own membership."""

    status, code, title = 403, "own_account", "This is your own membership"


class MemberClosed(Refusal):
    """The membership is closed: nothing is earned or spent."""

    status, code, title = 409, "member_closed", "This membership is closed"


class MemberErased(Refusal):
    """The member asked to be erased; only the books remain."""

    status, code, title = 410, "member_erased", "This member was erased"


class InsufficientPoints(Refusal):
    """More points are needed than are available; `needed` and `available` say how many."""

    status, code, title = 409, "insufficient_points", "Not enough points"


class DuplicateReceipt(Refusal):
    """The receipt was reported before; the detail says whether with other content, and `sale` is the first one."""

    status, code, title = 409, "duplicate_receipt", "This receipt is known already"
    same = False  # whether its content is that of the first report: then the fact is known, and nothing is wrong


class DuplicateActivity(Refusal):
    """This client reported another activity of the kind under the same reference."""

    status, code, title = 409, "duplicate_activity", "This reference is known already"


class RedemptionSettled(Refusal):
    """The redemption is settled and can no longer be undone."""

    status, code, title = 409, "redemption_settled", "This redemption is settled"


class RedemptionCancelled(Refusal):
    """The redemption was cancelled before."""

    status, code, title = 409, "redemption_cancelled", "This redemption was cancelled"


class HoldExpired(Refusal):
    """The hold timed out and its points went back."""

    status, code, title = 409, "hold_expired", "The hold has timed out"


class ProgrammeClosed(Refusal):
    """The programme closes: nobody joins after earning ended, no points are spent after redeeming ended."""

    status, code, title = 409, "programme_closed", "This programme is closed"


class LimitReached(Refusal):
    """A limit set by the programme is reached."""

    status, code, title = 409, "limit_reached", "The limit is reached"


class WrongCurrency(Refusal):
    """The request is in another currency than the programme."""

    status, code, title = 422, "wrong_currency", "Another currency than the programme's"


class InTheFuture(Refusal):
    """`occurred_at` lies further ahead than clocks may differ."""

    status, code, title = 422, "in_the_future", "This has not happened yet"


class TooOld(Refusal):
    """`occurred_at` lies further back than the programme accepts."""

    status, code, title = 422, "too_old", "Too old to be accepted"


class LinesDoNotAddUp(Refusal):
    """The lines less the discounts are not the total."""

    status, code, title = 422, "lines_do_not_add_up", "The lines do not add up to the total"


class TendersDoNotAddUp(Refusal):
    """The tenders are not the total."""

    status, code, title = 422, "tenders_do_not_add_up", "The tenders do not add up to the total"


class LineNotFound(Refusal):
    """A discount or return names a line the sale does not have."""

    status, code, title = 422, "line_not_found", "No such line"


class IdentityTaken(Refusal):
    """A card, e-mail address or phone number belongs to a member already."""

    status, code, title = 409, "identity_taken", "This belongs to a member already"


class RewardNotAvailable(Refusal):
    """The reward does not exist, or this member may not have it now."""

    status, code, title = 422, "reward_not_available", "This reward is not available"


class InvalidBody(Refusal):
    """The body's fields are wrong in themselves; `errors` names each."""

    status, code, title = 400, "invalid", "Some fields are not right"


class SaleNotFound(Refusal):
    """A sale named in a body is unknown."""

    status, code, title = 422, "sale_not_found", "No such sale"


class MemberMismatch(Refusal):
    """The sale belongs to another member."""

    status, code, title = 422, "member_mismatch", "The sale belongs to another member"
