"""The fake Stripe has the objects and answers that Stripe's own libraries expect."""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import stripe
from stripe import StripeObject

from fancymonkey.fake_stripe.app import DEMO_KEY, FakeStripe, FakeStripeSettings
from fancymonkey.fake_stripe.objects import SHAPES
from tests.payments.annotations import misfits
from tests.payments.conftest import Till
from tests.support.uvicorns import serving
from tests.web.shops import WHSEC

NODE = Path(__file__).parent / "node"
CLASSES: dict[str, type[StripeObject]] = {
    "checkout.session": stripe.checkout.Session,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "event": stripe.Event,
    "item": stripe.LineItem,
    "price": stripe.Price,
    "product": stripe.Product,
}


async def lived(till: Till) -> dict[str, list[dict[str, Any]]]:
    """Objects of every kind, each after an event."""
    for number, actions in enumerate(
        [
            [],
            ["pay"],
            ["pay", "refund"],
            ["decline"],
            ["expire"],
            ["async_pay"],
            ["async_pay", "async_succeed"],
            ["async_pay", "async_fail"],
        ]
    ):
        session = (await till.checkout(f"buyer-{number}")).json["sessionId"]
        for action in actions:
            await till.act(session, action)
    account = till.fake_stripe.account
    lines = [line for rows in account.lines.values() for line in rows]
    return {
        "checkout.session": list(account.sessions.values()),
        "payment_intent": list(account.intents.values()),
        "charge": list(account.charges.values()),
        "refund": list(account.refunds.values()),
        "event": list(account.events.values()),
        "item": lines,
        "price": [line["price"] for line in lines],
    }


async def test_its_objects_are_those_of_the_library(till: Till) -> None:
    things = await lived(till)
    for shape, rows in things.items():
        assert rows
        for row in rows:
            assert row["object"] == SHAPES[shape]["object"]
            assert misfits(row, CLASSES[shape], shape) == []
            if shape == "event":
                inner = CLASSES[row["data"]["object"]["object"]]
                assert misfits(row["data"]["object"], inner, row["type"]) == []


async def test_its_objects_have_all_fields_that_stripe_has_published(till: Till) -> None:
    for shape, rows in (await lived(till)).items():
        for row in rows:
            missing = SHAPES[shape].keys() - row.keys() - NEVER.get(shape, set())
            assert not missing, (shape, missing)


NEVER = {"refund": {"livemode"}}
"""Fields of the published examples that the library does not know."""


@pytest.mark.parametrize("shape", CLASSES)
def test_the_shapes_are_known_to_the_library(shape: str) -> None:
    row = {name: value for name, value in SHAPES[shape].items() if name not in NEVER.get(shape, ())}
    assert misfits(row, CLASSES[shape], shape) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_total", "12"),
        ("status", 5),
        ("mode", "sell"),
        ("surprise", 1),
        ("customer_details", {"surprise": 1}),
        ("payment_method_types", "card"),
        ("metadata", {"a": 1}),
    ],
)
def test_inconsistent_settings_are_found(field: str, value: object) -> None:
    row = {**SHAPES["checkout.session"], field: value}
    assert misfits(row, stripe.checkout.Session)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Stripe's library for Node can be used, pinned by its lock file."""
    place = tmp_path_factory.mktemp("node")
    problem = _install(place)
    if problem is not None:
        if os.environ.get("CI") or os.environ.get("REQUIRE_NODE"):
            pytest.fail(problem)
        pytest.skip(f"{problem} The fake Stripe was NOT driven by Stripe's library for Node.")
    return place


def _install(place: Path) -> str | None:
    """The reason why the library cannot be used, or None."""
    npm, program = shutil.which("npm"), shutil.which("node")
    if npm is None or program is None:
        return "There is no node or no npm."
    for path in NODE.iterdir():
        if path.is_file():
            shutil.copy(path, place)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"npm ci failed: {done.stderr[-500:]}"


@pytest.mark.slow
async def test_the_library_for_node_drives_it_too(node: Path) -> None:
    fake_stripe = FakeStripe(FakeStripeSettings("http://stand.in", seed=1))
    async with serving(fake_stripe.app) as url:
        process = await asyncio.create_subprocess_exec(
            "node",
            "drive.js",
            cwd=node,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "URL": url, "KEY": DEMO_KEY, "WHSEC": WHSEC},
        )
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    started = json.loads(out)
    assert started["statuses"] == ["open", "complete", "expired"]
    assert started["payment"] == "paid"
    assert started["line"] == ["Two of them", 2, 5000]
    assert started["same"] is True
    assert started["refused"] == ["StripeIdempotencyError", 400]
    assert started["missing"] == ["resource_missing", 404]
    assert started["early"] == ["StripeInvalidRequestError", "expires_at"]
    assert started["wrongKey"] == "StripeAuthenticationError"
    assert started["refund"] == ["succeeded", 5000]
    assert started["twice"] == "charge_already_refunded"
    assert started["listed"] == 12
    assert started["types"] == ["checkout.session.completed", "checkout.session.expired"]
    assert started["checked"] == ["checkout.session.completed", True]
    await fake_stripe.stop()
