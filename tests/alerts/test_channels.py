"""Alerts reach a real mail server and a real HTTP receiver; errors are reported without secrets."""

import json
import logging
import threading
from datetime import UTC, datetime

import pytest

from fancymonkey.alerts import channels, event_texts
from fancymonkey.alerts.channels import AppriseChannel, EmailChannel, SendFailed, channels_of
from fancymonkey.alerts.events import AlertEvent, event_type
from fancymonkey.alerts.message import SHOWN, AlertMessage
from fancymonkey.errors import ConfigError
from tests.alerts.receivers import HttpReceiver, mail_server

NOW = 1_759_838_400_000
ONE = event_type("stock.low", NOW, "x", "Low: Ash <b>Hoodie</b>, M, 4 left", "The threshold is 5.")
TWO = event_type(
    "stock.out", NOW + 1, "y", "Out of stock: Tee, L", "The last unit was sold or is held."
)


def message_of(*happenings: AlertEvent, link: str = "https://shop.example/admin") -> AlertMessage:
    return AlertMessage(happenings or (ONE,), link)


async def test_mail_is_a_text_and_a_page() -> None:
    async with mail_server("bob", "s3cret/@") as server:
        url = (
            f"mailto://bob:s3cret%2F%40@127.0.0.1:{server.port}"
            "?from=shop@shop.example&to=owner@shop.example,ana@shop.example"
        )
        (channel,) = channels_of([url])
        await channel.send(message_of())
    (message,), (envelope,) = server.messages, server.envelopes
    assert envelope.rcpt_tos == ["owner@shop.example", "ana@shop.example"]
    assert message.get_content_type() == "multipart/alternative"
    text, page = message.iter_parts()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    assert message["Subject"] == "Low: Ash <b>Hoodie</b>, M, 4 left"
    assert "The threshold is 5." in text.get_content()
    assert "https://shop.example/admin" in text.get_content()
    content = page.get_content()
    assert "Ash &lt;b&gt;Hoodie&lt;/b&gt;" in content
    assert "<b>Hoodie" not in content
    assert "src=" not in content  # nothing is loaded from elsewhere
    assert message["Message-ID"] == f"<{ONE.id}.{channel.key}@shop.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert abs(message["Date"].datetime - datetime.now(UTC)).total_seconds() < 60
    assert channel.name == "Email to o…@shop.example, a…@shop.example"


@pytest.mark.parametrize("title", ["Line\r\nBcc: eve@evil.example", "Ünïcödé 😀 " + "x" * 500])
async def test_no_title_can_add_a_header(title: str) -> None:
    async with mail_server() as server:
        (channel,) = channels_of(
            [f"mailto://127.0.0.1:{server.port}?from=a@x.example&to=b@x.example"]
        )
        await channel.send(message_of(event_type("stock.low", NOW, "x", title)))
    (message,) = server.messages
    assert message["Bcc"] is None
    assert message["Subject"] == " ".join(title.split())
    assert server.envelopes[0].rcpt_tos == ["b@x.example"]


async def test_a_mail_server_that_refuses() -> None:
    async with mail_server("bob", "right") as server:
        urls = [f"mailto://bob:wrong@127.0.0.1:{server.port}?to=b@x.example&from=a@x.example"]
        with pytest.raises(SendFailed, match="rejected the user name or password"):
            await channels_of(urls)[0].send(message_of())
    async with mail_server() as server:
        server.refuse = "550 secret reason"
        urls = [f"mailto://127.0.0.1:{server.port}?to=b@x.example&from=a@x.example"]
        with pytest.raises(SendFailed, match=r"rejected the message \(550\)"):
            await channels_of(urls)[0].send(message_of())
    with pytest.raises(SendFailed, match="could not be reached"):
        await channels_of(urls)[0].send(message_of())


async def test_a_mail_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "SECONDS", 0.3)
    monkeypatch.setattr(channels, "READ_SECONDS", 0.3)
    async with mail_server() as server:
        server.hang = True
        urls = [f"mailto://127.0.0.1:{server.port}?to=b@x.example&from=a@x.example"]
        with pytest.raises(SendFailed, match="in time"):
            await channels_of(urls)[0].send(message_of())


async def test_a_webhook_of_apprise() -> None:
    async with HttpReceiver() as receiver:
        (channel,) = channels_of([f"json://user:hush@127.0.0.1:{receiver.port}/hidden/path"])
        await channel.send(message_of(ONE, TWO))
    (request,) = receiver.requests
    payload = json.loads(request.body)
    assert payload["title"] == "2 alerts: 1 low, 1 out"
    assert "Out of stock: Tee, L\nThe last unit was sold or is held." in payload["message"]
    assert payload["type"] == "failure"
    assert channel.name == "JSON to 127.0.0.1"


async def test_a_channels_answer_is_reported_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with HttpReceiver() as receiver:
        receiver.answer = (500, {}, b"")
        (channel,) = channels_of([f"json://user:hushhush@127.0.0.1:{receiver.port}/hiddenpath"])
        with pytest.raises(SendFailed) as raised:
            await channel.send(message_of())
    for secret in ("hushhush", "hiddenpath"):
        assert secret not in str(raised.value)
        assert secret not in channel.name
        assert secret not in caplog.text


async def test_a_silent_receiver_holds_one_thread_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channels, "SECONDS", 0.2)
    async with HttpReceiver() as receiver:
        receiver.hang = True
        (channel,) = channels_of([f"json://127.0.0.1:{receiver.port}/"])
        assert isinstance(channel, AppriseChannel)
        channel._plugin.socket_read_timeout = 1.0
        with pytest.raises(SendFailed, match="No response within"):
            await channel.send(message_of())
        for _ in range(5):
            with pytest.raises(SendFailed, match="still being sent"):
                await channel.send(message_of())
        names = [
            thread.name for thread in threading.enumerate() if thread.name.startswith("alert ")
        ]
        assert len(names) == 1
        assert channel._thread is not None
        channel._thread.join()


@pytest.mark.parametrize(
    ("url", "kind", "name"),
    [
        (
            "mailtos://u:pw@smtp.example?to=owner@x.example&from=a@x.example",
            EmailChannel,
            "Email to",
        ),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", AppriseChannel, "Slack"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", AppriseChannel, "Discord"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", AppriseChannel, "Telegram"),
        ("jsons://hooks.example/path", AppriseChannel, "JSON to hooks.example"),
    ],
)
def test_urls_are_understood(url: str, kind: type[object], name: str) -> None:
    (channel,) = channels_of([url])
    assert isinstance(channel, kind)
    assert channel.name.startswith(name)
    assert "JHMHI" not in channel.name
    assert channels_of([url, url])[0].key == channel.key
    assert len(channels_of([url, url])) == 1


@pytest.mark.parametrize("url", ["nonsense://hushhush", "slack://hushhush", "mailto://"])
def test_a_url_that_is_not_understood_ends_the_start(url: str) -> None:
    with pytest.raises(ConfigError, match="ALERT_URLS: number 2") as raised:
        channels_of(["json://127.0.0.1/", url])
    assert "hushhush" not in str(raised.value)


def test_messages_too_long_for_a_service_are_split() -> None:
    (channel,) = channels_of(["discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"])
    assert isinstance(channel, AppriseChannel)
    body = "\n".join(f"Low: {number}, 4 left" for number in range(400))
    parts = channel._plugin._apply_overflow(body, title="400 alerts")
    assert len(parts) > 3
    assert all(len(part["body"]) <= 2000 for part in parts)
    assert sum(part["body"].count("left") for part in parts) == 400


def test_a_long_message_has_the_number_of_further_events() -> None:
    many = [event_type("stock.low", NOW, str(n), f"Low: {n}", "Few.") for n in range(SHOWN + 7)]
    text = message_of(*many)
    assert text.text().count("Few.") == SHOWN
    assert "And 7 more." in text.text()
    assert "And 7 more." in text.html()
    assert text.subject == f"{SHOWN + 7} alerts: {SHOWN + 7} low"


def test_words_of_an_unhealthy_store_and_of_an_endpoint_that_is_off() -> None:
    assert event_texts.unhealthy_store(["The disk is full."], NOW).text == "The disk is full."
    off = event_texts.off(
        "https://erp.example/x", "whk_1", "The endpoint responded with status 500.", NOW
    )
    assert "erp.example" in off.text
    assert off.data["webhookId"] == "whk_1"
