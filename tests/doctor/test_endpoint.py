"""The events of the endpoint at Stripe; the manual lists them all."""

from typing import cast

from fancymonkey.doctor.checks import CheckContext
from fancymonkey.doctor.payments import check_endpoint
from fancymonkey.fake_stripe.app import DEMO_KEY
from fancymonkey.payments.events import SELECTED
from fancymonkey.payments.gateway import Gateway
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from tests.architecture.source import ROOT
from tests.payments.conftest import Till, till

__all__ = ["till"]


async def ask_endpoints(rows: list[dict[str, object]]) -> list[str]:
    class Endpoints:
        async def endpoints(self) -> list[dict[str, object]]:
            return rows

    patient = CheckContext(Settings(), MemoryStore(), 0, None, "", cast(Gateway, Endpoints()))
    return [f"{finding.id}: {finding.problem}" async for finding in check_endpoint(patient)]


URL = "https://shop.example/api/webhooks/stripe"


async def test_the_events_that_an_endpoint_does_not_send() -> None:
    every = [str(type_) for type_ in SELECTED]
    assert await ask_endpoints([{"url": URL, "enabled_events": every, "status": "enabled"}]) == []
    assert await ask_endpoints([{"url": URL, "enabled_events": ["*"]}]) == []
    assert await ask_endpoints([{"url": "https://other.example", "enabled_events": []}]) == []
    assert await ask_endpoints([{"url": 7, "enabled_events": "x"}, {}]) == []
    less = [type_ for type_ in every if not type_.startswith("charge.dispute.")]
    (finding,) = await ask_endpoints([{"url": URL, "enabled_events": less}])
    assert finding.startswith("webhook.events: ")
    assert "charge.dispute.created" in finding
    assert "charge.refunded" not in finding
    (finding,) = await ask_endpoints([{"url": URL, "enabled_events": every, "status": "disabled"}])
    assert finding.startswith("webhook.disabled: ")


async def test_a_key_that_may_not_list_endpoints_is_not_a_finding(till: Till) -> None:
    """The fake Stripe has no list of endpoints: it answers as Stripe answers a restricted key."""
    settings = till.shop.settings
    gateway = Gateway(DEMO_KEY, settings.payments.stripe_api_base)
    patient = CheckContext(settings, till.shop.engine.store, 0, None, "", gateway)
    try:
        assert [finding async for finding in check_endpoint(patient)] == []
    finally:
        await gateway.close()


def test_the_how_tos_list_every_event_to_select() -> None:
    for page in ("sell-with-stripe.md", "receive-stripe-events.md"):
        text = (ROOT / "docs" / "how-to" / page).read_text("utf-8")
        assert [type_ for type_ in SELECTED if f"`{type_}`" not in text] == [], page
