"""Findings about a running service, and about Stripe."""

import json
import os
import signal
from pathlib import Path

import httpx
import pytest

from fancymonkey.doctor.checks import CheckContext
from fancymonkey.doctor.examine import Examination, examine
from fancymonkey.doctor.payments import check_stripe
from fancymonkey.doctor.server import _metrics, check_server, numbers
from fancymonkey.engine.clock import system_clock
from fancymonkey.fake_stripe.app import DEMO_KEY
from fancymonkey.payments.gateway import Gateway
from fancymonkey.settings.settings import Settings
from fancymonkey.web.http.request_metrics import RequestMetrics
from tests.cli.conftest import Run, cli
from tests.payments.conftest import Till, till
from tests.support.ports import free_port
from tests.support.server import Server
from tests.web.signing import signature

pytestmark = pytest.mark.slow

__all__ = ["cli", "till"]

PASSWORD = "four words without sense"
WHSEC = "whsec_right"


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """The service, running over the sample catalogue."""
    env = {"STRIPE_WEBHOOK_SECRET": WHSEC, "ADMIN_PASSWORD": PASSWORD}
    made = Server(data=tmp_path / "shop", env=env, arguments=["--init"])
    with made:
        yield made


async def look(server: Server, tmp_path: Path, url: str | None = None) -> Examination:
    settings = Settings.of(data_dir=str(tmp_path / "shop"), admin_password=PASSWORD)
    return await examine(settings, url or server.url, checks=[check_server])


def deliver(server: Server, secret: str) -> int:
    event = {"id": "evt_1", "type": "ping", "data": {"object": {"id": "x"}}}
    body = json.dumps(event).encode()
    at = system_clock() // 1000
    headers = {"Stripe-Signature": f"t={at},v1={signature(body, at, secret)}"}
    return httpx.post(
        f"{server.url}/api/webhooks/stripe", content=body, headers=headers
    ).status_code


async def test_a_service_that_is_well(server: Server, tmp_path: Path) -> None:
    assert (await look(server, tmp_path)).findings == []


async def test_a_secret_that_is_not_the_endpoints(server: Server, tmp_path: Path) -> None:
    assert deliver(server, "whsec_wrong") == 400
    (finding,) = (await look(server, tmp_path)).findings
    assert finding.id == "webhook.secret"
    assert deliver(server, WHSEC) == 200
    report = await look(server, tmp_path)
    assert report.findings == []
    assert "webhook.refused" in {note.id for note in report.notes}


async def test_a_service_that_does_not_answer(server: Server, tmp_path: Path) -> None:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        (finding,) = (await look(server, tmp_path)).findings
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert finding.id == "server.silent"
    assert f"process {server.pid}" in finding.problem


async def test_a_service_elsewhere(server: Server, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    assert {finding.id for finding in (await look(server, tmp_path, nowhere)).findings} == {
        "server.silent"
    }


async def test_a_service_in_trouble(server: Server, tmp_path: Path) -> None:
    (tmp_path / "shop" / "products.json").write_text('[{"id": "p",}]')
    async with httpx.AsyncClient(base_url=server.url) as client:
        while not (await client.get("/readyz")).json()["problems"]:
            pass
    assert {finding.id for finding in (await look(server, tmp_path)).findings} == {
        "server.degraded"
    }


def test_numbers_of_something_else() -> None:
    assert numbers("<html>") == {}
    assert numbers('a_total{x="1"} 2\na_total{x="2"} 3\n')["a_total"] == 5


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (
            "fancymonkey_decider_followers 2\nfancymonkey_commands_decided_for_others_total 7\n",
            "decides for 2 others since 2026-11-30T08:00:00.000Z, and has decided 7 commands",
        ),
        (
            "fancymonkey_commands_forwarded_total 9\nfancymonkey_feed_lag_seconds 0.012\n",
            "to the one that decides since 2026-11-30T08:00:00.000Z; its view is 12 ms behind",
        ),
    ],
)
def test_which_of_several_servers_decides(part: str, text: str) -> None:
    since = 1_796_025_600
    (finding,) = _metrics(numbers(f"fancymonkey_decider_since_timestamp_seconds {since}\n{part}"))
    assert finding.id == "servers.decider"
    assert text in finding.problem


def test_a_server_without_others_has_no_decider_to_report() -> None:
    assert _metrics(numbers("fancymonkey_decider_since_timestamp_seconds 5\n")) == []


def test_the_command(
    cli: Run, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    data = tmp_path / "shop"
    result = cli("doctor", "--data", data, "--url", server.url)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "Healthy: no problems found."
    monkeypatch.setenv("ADMIN_PASSWORD", "fancymonkey2024")
    result = cli("doctor", "--data", data, "--json")
    assert result.exit_code == 1
    body = json.loads(result.output)
    (finding,) = body["findings"]
    assert finding.pop("what")
    assert finding.pop("mend")
    assert finding == {"id": "password.default", "severity": "error", "repairable": False}


async def ask_stripe(till: Till, key: str = DEMO_KEY, base: str | None = None) -> set[str]:
    settings = till.shop.settings
    gateway = Gateway(key, base or settings.payments.stripe_api_base)
    patient = CheckContext(settings, till.shop.engine.store, till.shop.clock(), None, "", gateway)
    try:
        return {finding.id async for finding in check_stripe(patient)}
    finally:
        await gateway.close()


async def test_events_that_could_not_be_delivered(till: Till) -> None:
    body = (await till.checkout()).json
    await till.act(body["sessionId"], "pay")
    assert "webhook.silent" not in await ask_stripe(till)
    till.fake_stripe.faults.change({"lose": 1.0})
    second = (await till.checkout(session="buyer-2")).json
    await till.act(second["sessionId"], "pay")
    assert "webhook.silent" in await ask_stripe(till)
    await till.reconcile()


async def test_a_key_that_is_not_taken(till: Till) -> None:
    assert await ask_stripe(till, "sk_test_other") == {"stripe.key"}


async def test_stripe_is_unreachable(till: Till) -> None:
    nowhere = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    assert await ask_stripe(till, base=nowhere) == {"stripe.unreachable"}


async def test_a_clock_that_is_not_stripes(till: Till) -> None:
    """The fake Stripe's server says the real time; the shop of the test lives in 2025."""
    assert "clock.skew" in await ask_stripe(till)


async def test_a_proxy_whose_headers_are_ignored(server: Server, tmp_path: Path) -> None:
    path = f"{server.url}/api/inventory/get"
    assert httpx.get(path).status_code == 200
    assert (await look(server, tmp_path)).findings == []
    httpx.get(path, headers={"X-Forwarded-For": "203.0.113.7"})
    (finding,) = (await look(server, tmp_path)).findings
    assert finding.id == "proxy.untrusted"
    assert "1 request" in finding.problem


def test_a_buyer_with_a_forged_header_is_not_a_proxy() -> None:
    meter = RequestMetrics()
    meter.forwarded("8.8.8.8")
    assert meter.untrusted_proxy == 0
    meter.forwarded("10.0.0.3")
    meter.forwarded("::1")
    meter.forwarded("local")
    assert meter.untrusted_proxy == 3


async def test_a_proxy_that_is_named_is_trusted(tmp_path: Path) -> None:
    env = {"TRUSTED_PROXIES": "127.0.0.1", "ADMIN_PASSWORD": PASSWORD}
    with Server(data=tmp_path / "shop", env=env, arguments=["--init"]) as named:
        httpx.get(f"{named.url}/api/inventory/get", headers={"X-Forwarded-For": "10.1.2.3"})
        assert (await look(named, tmp_path)).findings == []
