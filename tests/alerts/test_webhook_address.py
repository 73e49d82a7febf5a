"""Webhooks never reach a private address, and connect to exactly the checked address."""

import asyncio
import json

import pytest

from fancymonkey.alerts.events import event_type
from fancymonkey.alerts.webhook_address import (
    Forbidden,
    Unresolved,
    is_public,
    resolve,
    resolve_url,
)
from fancymonkey.alerts.webhook_client import WebhookClient
from fancymonkey.alerts.webhooks import SigningSecret, WebhookEndpoint
from fancymonkey.engine.clock import system_clock
from tests.alerts.receivers import HttpReceiver

NOT_PUBLIC = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "198.51.100.7",
    "203.0.113.9",
    "198.18.0.1",
    "198.19.255.255",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "192.88.99.1",
    "168.63.129.16",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "100::1",
    "3fff::1",
    "5f00::1",
    "2001:4860::5efe:7f00:1",
    "2001:10::1",
    "2620:4f:8000::1x",
    "not-an-address",
    "1.2.3.4.5",
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


# Spellings of hosts go through the system's own resolver, which supports all of them.
TRICKS = [
    "http://8.8.8.8/a b",
    "http://8.8.8.8/\r\nX-A: b",
    "http://8.8.8.8/\x00",
    " http://8.8.8.8/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://8.8.8.8/" + "x" * 2000,
    "",
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "http://127.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://localhost/",
    "http://localhost./",
    "http://LOCALHOST/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:169.254.169.254]/",
    "http://169.254.169.254/latest",
    "http://2852039166/",
    "http://10.1.1.1:8080/hook",
    "http://192.168.0.1/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://user@8.8.8.8/",
    "http://a:b@8.8.8.8/",
    "http://8.8.8.8@127.0.0.1/",
    "http://127.0.0.1#@8.8.8.8/",
    "http://8.8.8.8/#x",
    "http://[fe80::1%25lo]/",
    "http://127.0.0.1%2f@8.8.8.8/",
    "http://8.8.8.8:0/",
    "http://8.8.8.8:99999/",
    "http://8.8.8.8:x/",
    "ftp://8.8.8.8/",
    "file:///etc/passwd",
    "gopher://8.8.8.8/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "//8.8.8.8/",
    "http:/8.8.8.8/",
    "http://",
    "http://:80/",
    "https:8.8.8.8",
    "unix:///run/x",
    "http+unix://x/",
    "http://8.8.8.8\\@127.0.0.1/",
    "http://[8.8.8.8/",
    "http://[::1/",
    "http://[v1.x]/",
    "8.8.8.8/hook",
]


@pytest.mark.parametrize("url", TRICKS)
async def test_a_webhook_must_not_connect_to_these_addresses(url: str) -> None:
    with pytest.raises((Forbidden, Unresolved)):
        await resolve_url(url, resolve, private=False)


def test_there_are_enough_tricks() -> None:
    assert len(TRICKS) + len(NOT_PUBLIC) >= 100


async def test_one_private_address_among_public_ones_closes_the_name() -> None:
    async def both(host: str, port: int) -> list[str]:
        return ["8.8.8.8", "10.0.0.1"]

    with pytest.raises(Forbidden, match="not public"):
        await resolve_url("https://two.example/", both, private=False)


async def test_a_name_without_an_address_is_reported() -> None:
    async def nothing(host: str, port: int) -> list[str]:
        return []

    async def broken(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    for resolver in (nothing, broken):
        with pytest.raises(Unresolved):
            await resolve_url("https://nowhere.example/", resolver, private=False)


class Rebinding:
    """A resolver whose answers change with each question."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return [self.answers.pop(0)]


ENDPOINT = WebhookEndpoint("", ["stock.low"], "", [SigningSecret("whsec_a")], 0)
ONE = event_type("stock.low", 1_759_838_400_000, "x", "Low: x", sku="a/M")


async def test_a_name_that_changes_its_address_after_it_was_judged_gains_nothing() -> None:
    """The name is resolved once, and the request goes to the checked address."""
    async with HttpReceiver() as receiver:
        names = Rebinding("127.0.0.1", "127.0.0.9", "127.0.0.9")
        poster = WebhookClient(system_clock, names, private=True)
        endpoint = WebhookEndpoint(f"http://rebind.example:{receiver.port}/hook", [], "", [], 0)
        attempt = await poster.post(endpoint, ONE, "dlv_1")
        await poster.close()
        assert (attempt.status, attempt.error, names.asked) == (200, "", 1)
        (request,) = receiver.requests
        assert request.headers["host"] == f"rebind.example:{receiver.port}"


async def test_a_name_that_turns_private_after_it_was_added_gets_nothing() -> None:
    async with HttpReceiver() as receiver:
        names = Rebinding("8.8.8.8", "127.0.0.1")
        url = f"http://rebind.example:{receiver.port}/hook"
        assert (await resolve_url(url, names, private=False)).address == "8.8.8.8"
        poster = WebhookClient(system_clock, names, private=False)
        attempt = await poster.post(WebhookEndpoint(url, [], "", [], 0), ONE, "dlv_1")
        await poster.close()
        assert attempt.status is None
        assert "not public" in attempt.error
        assert not receiver.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with HttpReceiver() as receiver, HttpReceiver() as other:
        receiver.answer = (status, {"Location": other.url}, b"")
        attempt = await _post(receiver.url)
        assert (attempt.status, attempt.error) == (
            status,
            f"The endpoint responded with status {status}.",
        )
        assert len(receiver.requests) == 1
        assert not other.requests


async def test_an_answer_without_an_end_is_not_read_to_it() -> None:
    async with HttpReceiver() as receiver:
        receiver.answer = (200, {}, b"x" * 1_000_000)
        attempt = await _post(receiver.url)
        assert "longer than" in attempt.error


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with HttpReceiver() as receiver, HttpReceiver() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert not (await _post(receiver.url)).error
        assert not proxy.requests


async def test_a_server_that_is_not_http_is_reported() -> None:
    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(chatter, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert "not HTTP" in (await _post(f"http://127.0.0.1:{port}/")).error
    server.close()
    await server.wait_closed()
    assert "reached" in (await _post(f"http://127.0.0.1:{port}/")).error


async def _post(url: str):  # type: ignore[no-untyped-def]
    poster = WebhookClient(system_clock, resolve, private=True)
    try:
        return await poster.post(
            WebhookEndpoint(url, [], "", [SigningSecret("whsec_a")], 0), ONE, "dlv_1"
        )
    finally:
        await poster.close()


async def test_the_body_and_its_headers() -> None:
    async with HttpReceiver() as receiver:
        assert not (await _post(receiver.url + "?a=1")).error
        (request,) = receiver.requests
    assert request.path.endswith("?a=1")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["fancymonkey-event"] == "stock.low"
    assert request.headers["fancymonkey-delivery"] == "dlv_1"
    payload = json.loads(request.body)
    assert payload == {
        "id": ONE.id,
        "type": "stock.low",
        "version": 1,
        "at": 1_759_838_400_000,
        "title": "Low: x",
        "data": {"sku": "a/M"},
    }
