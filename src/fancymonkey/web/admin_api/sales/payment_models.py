"""The bodies and answers of payments: issues, Stripe events, runs and reconciliation."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, with_config
from typing_extensions import TypedDict

from fancymonkey.core.model import MAX_QUANTITY
from fancymonkey.web.admin_api.sales.hold_models import HoldLine
from fancymonkey.web.http.bodies.json_body import Id, JsonBody, Number, Ok, Text, example

_WHICH = {"productId": "prod_hoodie_001", "size": "M"}
_ISSUE = {
    "id": "refunded:res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60",
    "concern": "refunded",
    "title": "Refunded",
    "progress": "open",
    "reservationId": "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60",
    "payment": "pi_3Pabc",
    "lines": [{**_WHICH, "quantity": 1, "name": "MIDNIGHT EMERALD HOODIE"}],
    "paid": {
        "amount": 58.0,
        "refunded": 58.0,
        "currency": "usd",
        "buyer": "ada@example.com",
        "at": "2025-10-07T12:01:00.000Z",
    },
    "openedAt": "2025-10-07T13:00:00.000Z",
    "closedAt": None,
    "note": "ch_3Pabc",
}
_REPORT = {"outcome": "balanced", "events": 12, "sessions": 4, "corrected": [], "open": []}


class ReturnedLine(JsonBody):
    """A size and its quantity."""

    product_id: Id
    size: Id
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class SettleBody(JsonBody):
    """The resolution of a payment issue: units to return now, and whether it is closed.

    `then`: `done`, `dismissed`, or `refund` for a refund by the shop.
    """

    model_config = example(
        {
            "issueId": "refunded:res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60",
            "returned": [{**_WHICH, "quantity": 1}],
            "note": "came back unworn",
        }
    )

    issue_id: Annotated[Id, Field(validation_alias=AliasChoices("issueId", "matterId"))]
    returned: Annotated[list[ReturnedLine], Field(max_length=100, default_factory=list)]
    then: Literal["done", "dismissed", "refund"] | None = None
    note: Text = ""


class EventOut(TypedDict):
    """A Stripe event."""

    id: str
    type: str
    objectId: str | None
    receivedAt: str
    outcome: str


@with_config(
    example(
        {
            "success": True,
            "events": [
                {
                    "id": "evt_1",
                    "type": "checkout.session.completed",
                    "objectId": "cs_test_abc123",
                    "receivedAt": "2025-10-07T12:01:00.000Z",
                    "outcome": "done",
                }
            ],
        }
    )
)
class EventList(TypedDict):
    """The latest Stripe events."""

    success: Ok
    events: list[EventOut]


class PaidOut(TypedDict):
    """Stripe's data of a payment; `buyer` is hidden from callers who may only read."""

    amount: Number
    refunded: Number
    currency: str
    buyer: str | None
    at: str


class IssueOut(TypedDict):
    """A payment issue."""

    id: str
    concern: str
    title: str
    progress: str
    reservationId: str | None
    payment: str | None
    lines: list[HoldLine]
    paid: PaidOut | None
    openedAt: str
    closedAt: str | None
    note: str


@with_config(example({"success": True, "issues": [_ISSUE], "open": 1, "revision": 90}))
class IssueList(TypedDict):
    """The payment issues; `open` is the number of those that wait."""

    success: Ok
    issues: list[IssueOut]
    open: int
    revision: int


@with_config(example({"success": True, "issue": {**_ISSUE, "note": "came back unworn"}}))
class SettledIssue(TypedDict):
    """A payment issue after its resolution."""

    success: Ok
    issue: IssueOut


@with_config(
    example(
        {
            "success": True,
            "report": _REPORT,
            "message": "4 checkout sessions and 12 Stripe events compared.\nNo differences.",
        }
    )
)
class Reconciled(TypedDict):
    """The report of a reconciliation, and its text."""

    success: Ok
    report: dict[str, Any]
    message: str


class RunOut(TypedDict):
    """A run of a job, with its report."""

    job: str
    startedAt: str
    tookMs: int
    outcome: str
    report: Any


@with_config(
    example(
        {
            "success": True,
            "runs": [
                {
                    "job": "reconcile",
                    "startedAt": "2025-10-07T12:05:00.000Z",
                    "tookMs": 240,
                    "outcome": "balanced",
                    "report": _REPORT,
                }
            ],
        }
    )
)
class RunList(TypedDict):
    """The latest runs of jobs."""

    success: Ok
    runs: list[RunOut]
