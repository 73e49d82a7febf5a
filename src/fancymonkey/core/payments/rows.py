"""Rows about money: a hold's checkout, issues for the owner, runs of jobs."""

from enum import StrEnum
from typing import ClassVar

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Allocation, Line, Row, lines_of


class Stage(StrEnum):
    """The stage of the latest checkout of a hold.

    `opening`: the session is being requested from the payment provider, or its answer is unknown.
    `closed`: that session can no longer be paid.
    """

    OPENING = "opening"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Checkout(Row):
    """The latest attempt to pay for a hold.

    `number` counts the attempts of the hold. `request` is the exact text of the request to the
    provider, so that it can be repeated after a lost answer. `payment_session` is the provider's id
    (`cs_…`) once it is known, `ends_at` the end of its session, in ms. `replaced`: the buyer has
    another basket, so the service ends the session itself, and the hold stays for that basket.
    """

    TABLE: ClassVar[str] = "checkout"
    KEY: ClassVar[tuple[str, ...]] = ("reservation_id",)

    reservation_id: str
    number: int
    stage: Stage
    ends_at: int
    request: str
    payment_session: str | None = None
    replaced: bool = False

    @property
    def key(self) -> str:
        return self.reservation_id


class IssueKind(StrEnum):
    """The concern of a payment issue."""

    LATE_PAYMENT = "late_payment"
    BACKORDER = "backorder"
    SECOND_PAYMENT = "second_payment"
    REFUNDED = "refunded"
    NOT_PAID = "not_paid"
    REFUND_FAILED = "refund_failed"
    AMOUNT_DIFFERS = "amount_differs"
    PAYMENT_REUSED = "payment_reused"
    FOREIGN_PAYMENT = "foreign_payment"
    DISPUTED = "disputed"


FACTS = (
    IssueKind.AMOUNT_DIFFERS,
    IssueKind.PAYMENT_REUSED,
    IssueKind.FOREIGN_PAYMENT,
    IssueKind.DISPUTED,
)
"""Concerns whose note begins with facts."""


class IssueStatus(StrEnum):
    """The status of a payment issue.

    `open`: the owner decides. `due`: the shop owes a refund and makes it by itself. `done` and
    `dismissed`: closed.
    """

    OPEN = "open"
    DUE = "due"
    DONE = "done"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class PaymentIssue(Row):
    """A question about a payment that waits for a decision of the owner.

    There is one for each payment and concern (of failed refunds and of disputes: one each), for any
    number of reports. `allocations` are its units: those backordered, or those that may come back
    after a refund. `payment` is the provider's id of the payment. `note` is the owner's; before it
    are the facts, if the concern has any.
    """

    TABLE: ClassVar[str] = "payment_issue"
    KEY: ClassVar[tuple[str, ...]] = ("issue_id",)

    issue_id: str
    concern: IssueKind
    progress: IssueStatus
    reservation_id: str | None
    payment: str
    allocations: tuple[Allocation, ...]
    opened_at: int
    closed_at: int | None = None
    note: str = ""

    @property
    def key(self) -> str:
        return self.issue_id

    @property
    def lines(self) -> tuple[Line, ...]:
        """The units as pages show them: one line for each SKU."""
        return lines_of(self.allocations)


def issue_id(concern: IssueKind, about: str) -> str:
    """The id of the only issue of this concern about a payment or hold."""
    return f"{concern}:{about}"


@dataclass(frozen=True, slots=True)
class JobRun(Row):
    """One run of a job: its start, its duration (both in ms), its outcome.

    `outcome` is one word, `report` JSON.
    """

    TABLE: ClassVar[str] = "run"
    KEY: ClassVar[tuple[str, ...]] = ("job", "started_at")

    job: str
    started_at: int
    took: int
    outcome: str
    report: str

    @property
    def key(self) -> tuple[str, int]:
        return (self.job, self.started_at)
