"""The bodies and answers of alerts, webhooks and jobs."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema, with_config
from typing_extensions import TypedDict

from fancymonkey.alerts.events import WEBHOOKS
from fancymonkey.settings.event_names import ALERTS, present_event
from fancymonkey.web.http.bodies.json_body import Id, JsonBody, Ok, Text, example

Url = Annotated[str, Field(min_length=1, max_length=2000)]


def _webhook_event(name: str) -> str:
    """The present name of an event for webhooks. Raises ValueError for other names."""
    present = present_event(name)
    if present not in WEBHOOKS:
        raise ValueError(f"must be one of: {', '.join(WEBHOOKS)}")
    return present


Sort = Annotated[
    str,
    AfterValidator(_webhook_event),
    WithJsonSchema({"type": "string", "enum": [*map(str, WEBHOOKS)]}),
]
Sorts = Annotated[list[Sort], Field(min_length=1, max_length=50)]

_AT = "2025-10-07T12:00:00.000Z"
_WEBHOOK = "whk_1f0c2a9be4d8466f"
_DELIVERY = "dlv_8e6c1d2f0a59b0c4d2e6f81a2"
_ROW = {
    "id": _WEBHOOK,
    "url": "https://erp.example/stock",
    "events": ["stock.low", "stock.out"],
    "description": "Our books",
    "active": True,
    "createdAt": _AT,
    "failingSince": None,
    "offBecause": None,
    "secrets": [{"ends": "…9b1c", "until": None}],
}
_LOW = {
    "id": "evt_8e6c1d2f0a5a1b2c3d4e5f607",
    "type": "stock.low",
    "title": "Low: MIDNIGHT EMERALD HOODIE, M, 4 left",
}


class AddWebhookBody(JsonBody):
    """The URL and the event types."""

    model_config = example(
        {
            "url": "https://erp.example/stock",
            "events": ["stock.low", "stock.out"],
            "description": "Our books",
        }
    )

    url: Url
    events: Sorts
    description: Text = ""


class ChangeWebhookBody(JsonBody):
    """The changes of a webhook; missing fields stay unchanged."""

    model_config = example({"id": _WEBHOOK, "active": False})

    id: Id
    url: Url | None = None
    events: Sorts | None = None
    description: Text | None = None
    active: bool | None = None


class WebhookBody(JsonBody):
    """The id of a webhook."""

    model_config = example({"id": _WEBHOOK})

    id: Id


class RotateBody(JsonBody):
    """The id of a webhook, and the hours for which its old secret stays valid."""

    model_config = example({"id": _WEBHOOK, "hours": 24})

    id: Id
    hours: Annotated[int, Field(ge=0, le=168)] = 24


class RedeliverBody(JsonBody):
    """The delivery to send again."""

    model_config = example({"delivery": _DELIVERY})

    delivery: Id


class ChannelOut(TypedDict):
    """A channel, and the last error of a waiting delivery to it."""

    id: str
    name: str
    waiting: int
    error: str | None
    failedAt: str | None


class AlertOut(TypedDict):
    """An alert."""

    id: str
    type: str
    word: str
    look: str
    at: str
    title: str
    text: str


@with_config(
    example(
        {
            "success": True,
            "channels": [
                {
                    "id": "ch_6f1b0c2d9e4a",
                    "name": "Email to o…@shop.example",
                    "waiting": 0,
                    "error": None,
                    "failedAt": None,
                }
            ],
            "events": [*map(str, ALERTS)],
            "quietHours": "22:00-07:00",
            "digestAt": "08:00",
            "timeZone": "UTC",
            "waiting": 0,
            "recent": [
                {**_LOW, "word": "Low", "look": "low", "at": _AT, "text": "The threshold is 5."}
            ],
        }
    )
)
class AlertStatus(TypedDict):
    """Channels, event types, and the latest alerts."""

    success: Ok
    channels: list[ChannelOut]
    events: list[str]
    quietHours: str | None
    digestAt: str | None
    timeZone: str
    waiting: int
    recent: list[AlertOut]


class ChannelTest(TypedDict):
    """The result of a test message."""

    name: str
    ok: bool
    error: str | None


@with_config(
    example(
        {
            "success": True,
            "message": "Sent to 1 channel.",
            "channels": [{"name": "Email to o…@shop.example", "ok": True, "error": None}],
        }
    )
)
class AlertTest(TypedDict):
    """The results of a test of every channel; `success` is false if one failed."""

    success: bool
    message: str
    channels: list[ChannelTest]


class ListedRun(TypedDict):
    """A run of a job."""

    startedAt: str
    tookMs: int
    outcome: str


class ListedJob(TypedDict):
    """A job with its latest runs."""

    job: str
    about: str
    scheduled: bool
    running: bool
    runs: list[ListedRun]


@with_config(
    example(
        {
            "success": True,
            "jobs": [
                {
                    "job": "release-expired",
                    "about": "releases expired holds; a running service does so at their deadline",
                    "scheduled": True,
                    "running": False,
                    "runs": [{"startedAt": _AT, "tookMs": 12, "outcome": "done"}],
                }
            ],
        }
    )
)
class JobList(TypedDict):
    """Every job."""

    success: Ok
    jobs: list[ListedJob]


class WebhookSecret(TypedDict):
    """The end of a secret, and how long it stays valid."""

    ends: str
    until: str | None


class WebhookOut(TypedDict):
    """A webhook without its secrets."""

    id: str
    url: str
    events: list[str]
    description: str
    active: bool
    createdAt: str
    failingSince: str | None
    offBecause: str | None
    secrets: list[WebhookSecret]


@with_config(example({"success": True, "webhooks": [_ROW], "events": [*map(str, WEBHOOKS)]}))
class WebhookList(TypedDict):
    """Every webhook, and all event types."""

    success: Ok
    webhooks: list[WebhookOut]
    events: list[str]


@with_config(example({"success": True, "webhook": {**_ROW, "active": False}}))
class ChangedWebhook(TypedDict):
    """A webhook after a change."""

    success: Ok
    webhook: WebhookOut


@with_config(example({"success": True, "webhook": _ROW, "secret": "whsec_0d9f…9b1c"}))
class NewWebhookSecret(ChangedWebhook):
    """A webhook with its new secret, which is shown once."""

    secret: str


@with_config(example({"success": True, "removed": _WEBHOOK}))
class RemovedWebhook(TypedDict):
    """The id of the removed webhook."""

    success: Ok
    removed: str


@with_config(example({"success": True, "delivery": _DELIVERY}))
class NewDelivery(TypedDict):
    """The id of the delivery that waits now."""

    success: Ok
    delivery: str


class DeliveredEvent(TypedDict):
    """The event of a delivery."""

    id: str
    type: str
    title: str


class AttemptOut(TypedDict):
    """An attempt to deliver."""

    at: str
    tookMs: int
    status: int | None
    error: str | None


class DeliveryOut(TypedDict):
    """A delivery with its attempts."""

    id: str
    webhook: str
    event: DeliveredEvent
    state: str
    madeAt: str
    dueAt: str | None
    tries: int
    attempts: list[AttemptOut]


@with_config(
    example(
        {
            "success": True,
            "deliveries": [
                {
                    "id": _DELIVERY,
                    "webhook": _WEBHOOK,
                    "event": _LOW,
                    "state": "done",
                    "madeAt": _AT,
                    "dueAt": None,
                    "tries": 1,
                    "attempts": [{"at": _AT, "tookMs": 41, "status": 200, "error": None}],
                }
            ],
            "next": None,
        }
    )
)
class DeliveryPage(TypedDict):
    """A page of deliveries."""

    success: Ok
    deliveries: list[DeliveryOut]
    next: str | None
