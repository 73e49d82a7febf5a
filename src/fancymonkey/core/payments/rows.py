"""Rows about money: a hold's checkout, what somebody has to decide, what a job has done."""

from enum import StrEnum
from typing import ClassVar

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Allocation, Line, Row, lines_of


class Stage(StrEnum):
    """How the latest checkout of a hold stands.

    `opening`: the payment provider is being asked for a session, or nobody knows what it answered.
    `closed`: that session can no longer be paid.
    """

    OPENING = "opening"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Checkout(Row):
    """The latest attempt to pay for a hold.

    `number` counts the attempts of the hold. `request` is what the provider is asked for, word by
    word, so that asking again after a lost answer is the same question. `payment_session` is the
    provider's id (`cs_…`) once it is known, `ends_at` when its session ends, in ms.
    """

    TABLE: ClassVar[str] = "checkout"
    KEY: ClassVar[tuple[str, ...]] = ("reservation_id",)

    reservation_id: str
    number: int
    stage: Stage
    ends_at: int
    request: str
    payment_session: str | None = None

    @property
    def key(self) -> str:
        return self.reservation_id


class IssueKind(StrEnum):
    """What a matter is about."""

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
"""Concerns whose note has facts."""


class IssueStatus(StrEnum):
    """How a matter stands.

    `open`: the owner decides. `due`: the shop owes a refund and gives it by itself. `done` and
    `dismissed`: over.
    """

    OPEN = "open"
    DUE = "due"
    DONE = "done"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class PaymentIssue(Row):
    """Something about a payment that does not settle itself, and that nobody may overlook.

    There is one a payment and concern (of refunds that failed and of disputes: one each), whatever
    is told how often. `allocations` are the units that it is about: those backordered, or
    those that may come back after a refund. `payment` is the provider's id of the payment. `note`
    is the owner's; before it are the facts, where the concern needs any.
    """

    TABLE: ClassVar[str] = "matter"
    KEY: ClassVar[tuple[str, ...]] = ("matter_id",)

    matter_id: str
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
        return self.matter_id

    @property
    def lines(self) -> tuple[Line, ...]:
        """The units as pages show them: one line for each SKU."""
        return lines_of(self.allocations)


def issue_id(concern: IssueKind, about: str) -> str:
    """The id of the one matter of this concern about a payment or hold."""
    return f"{concern}:{about}"


@dataclass(frozen=True, slots=True)
class JobRun(Row):
    """One run of a job: when it began, how long it took (both in ms), what came of it.

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
