"""The answer of the overview."""

from typing import Literal, NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from fancymonkey.web.http.bodies.json_body import Number, Ok, example


class OverviewStock(TypedDict):
    """The stock of all sizes on sale."""

    products: int
    sizes: int
    units: int
    reserved: int
    available: int
    backordered: int
    low: int
    out: int
    value: Number
    short: int


class OverviewLocation(TypedDict):
    """The stock of one location, where the shop has several."""

    location: str
    name: str
    units: int
    reserved: int
    available: int
    low: int
    out: int
    value: Number


class OverviewHolds(TypedDict):
    """The live holds."""

    count: int
    units: int
    nextEnds: str | None


class OverviewDay(TypedDict):
    """The units of a day. Units turned away belong to no location: limited callers get none."""

    day: str
    sold: int
    returned: int
    turnedAway: NotRequired[int]
    turnedAwayRequests: NotRequired[int]


class OverviewIssues(TypedDict):
    """The open payment issues."""

    open: int
    due: int
    backorder: int
    latePayment: int


class HealthPart(TypedDict):
    """A part of the service, with its problems."""

    ok: bool
    problems: list[str]


class WebhookHealth(TypedDict):
    """The webhook for Stripe events."""

    configured: bool
    lastEvent: str | None
    lastOutcome: str | None


class LastRun(TypedDict):
    """The last run of a job."""

    at: str | None
    outcome: str | None


class JobHealth(LastRun):
    """A job, with its last run."""

    configured: bool


class ProxyHealth(TypedDict):
    """Requests through a proxy that is not trusted."""

    ok: bool
    requests: int


class ServersHealth(TypedDict):
    """The part of this server among several on one PostgreSQL.

    `since` is when the server took over that decides, `behindMs` the delay of its own view.
    """

    role: Literal["decides", "follows", "alone"]
    since: str | None
    followers: int
    forwarded: int
    behindMs: int


class OverviewHealth(TypedDict):
    """The health of the service."""

    store: HealthPart
    catalogue: HealthPart
    settings: HealthPart
    webhook: WebhookHealth
    reconcile: JobHealth
    proxy: ProxyHealth
    backup: JobHealth
    servers: ServersHealth


@with_config(
    example(
        {
            "success": True,
            "revision": 82,
            "serverTime": "2025-10-07T12:00:00.000Z",
            "currency": "usd",
            "stock": {
                "products": 1,
                "sizes": 4,
                "units": 81,
                "reserved": 2,
                "available": 79,
                "backordered": 0,
                "low": 1,
                "out": 1,
                "value": 5673.5,
                "short": 0,
            },
            "holds": {"count": 1, "units": 2, "nextEnds": "2025-10-07T12:30:00.000Z"},
            "days": [
                {
                    "day": "2025-10-07",
                    "sold": 12,
                    "returned": 0,
                    "turnedAway": 5,
                    "turnedAwayRequests": 4,
                }
            ],
            "issues": {"open": 1, "due": 0, "backorder": 0, "latePayment": 1},
            "health": {
                "store": {"ok": True, "problems": []},
                "catalogue": {"ok": True, "problems": []},
                "settings": {"ok": True, "problems": []},
                "webhook": {"configured": True, "lastEvent": None, "lastOutcome": None},
                "reconcile": {"configured": False, "at": None, "outcome": None},
                "proxy": {"ok": True, "requests": 0},
                "backup": {"configured": True, "at": None, "outcome": None},
                "servers": {
                    "role": "alone",
                    "since": None,
                    "followers": 0,
                    "forwarded": 0,
                    "behindMs": 0,
                },
            },
        }
    )
)
class Overview(TypedDict):
    """The overview of the shop. That of a limited caller has no `issues` and no `health`."""

    success: Ok
    revision: int
    serverTime: str
    currency: str
    stock: OverviewStock
    holds: OverviewHolds
    days: list[OverviewDay]
    issues: NotRequired[OverviewIssues]
    health: NotRequired[OverviewHealth]
    locations: NotRequired[list[OverviewLocation]]
