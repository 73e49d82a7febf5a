"""Two real servers on one PostgreSQL: each alert is sent once, also after a kill of the sender."""

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from tests.alerts.receivers import HttpReceiver, MailServer, mail_server
from tests.support.postgres import PostgresServer
from tests.support.server import Server
from tests.support.short_leases import SCRIPT

OWNER = {"Authorization": "Bearer password of two"}


async def until(seconds: float, check: Callable[[], bool]) -> None:
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.2)


async def quiet(receiver: HttpReceiver, seconds: float = 3) -> None:
    """Waits until nothing was received for a while: alerts are looked for every second."""
    count = -1
    while count != len(receiver.requests):
        count = len(receiver.requests)
        await asyncio.sleep(seconds)


async def post(server: Server, path: str, body: object) -> dict[str, object]:
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(server.url + path, json=body, headers=OWNER)
        assert answer.status_code == 200, answer.text
        answer_body: dict[str, object] = answer.json()
        return answer_body


async def stock(server: Server, size: str, units: int) -> None:
    rows = [{"productId": "prod_hoodie_001", "size": size, "stock": units}]
    await post(server, "/api/inventory/update", {"password": "password of two", "updates": rows})


def mail_text(mail: MailServer) -> str:
    """The texts of all mails."""
    parts = [message.get_body(("plain",)) for message in mail.messages]
    return "\n".join(part.get_content() for part in parts if part is not None)


@pytest.mark.slow
async def test_each_alert_once(postgres_server: PostgresServer, postgres_url: str) -> None:
    async with HttpReceiver() as receiver, mail_server() as mail:
        env = {
            "ADMIN_PASSWORD": "password of two",
            "ALERT_URLS": f"mailto://127.0.0.1:{mail.port}?from=a@x.example&to=b@x.example",
            "WEBHOOK_ALLOW_PRIVATE": "on",
            "RATE_LIMIT": "off",
        }
        first = Server(database_url=postgres_url, env=env, arguments=("--init",), script=SCRIPT)
        second = Server(database_url=postgres_url, env=env, script=SCRIPT)
        await asyncio.to_thread(first.start)
        try:
            await until(20, lambda: "has the lease runner" in first.log)
            await asyncio.to_thread(second.start)
            events = ["stock.low", "stock.out"]
            await post(first, "/api/admin/webhooks", {"url": receiver.url, "events": events})
            for size in ("S", "M", "L", "XL"):  # from 50 each, by both servers
                await stock(second, size, 50)
            await quiet(receiver)
            begun = len(receiver.requests)
            for size, server in (("S", first), ("M", second)):
                await stock(server, size, 4)
            await until(20, lambda: len(receiver.requests) >= begun + 2)
            await until(20, lambda: "HOODIE, S, " in mail_text(mail))
            await asyncio.to_thread(first.kill)
            await stock(second, "L", 3)  # while no server looks
            await stock(second, "XL", 0)
            await until(90, lambda: len(receiver.requests) >= begun + 4)
            await until(60, lambda: "Out of stock: MIDNIGHT EMERALD HOODIE, XL" in mail_text(mail))
            await until(60, lambda: "HOODIE, L, " in mail_text(mail))
            await quiet(receiver)  # a repetition would have come
            payloads = [json.loads(request.body) for request in receiver.requests[begun:]]
            assert sorted((payload["type"], payload["data"]["size"]) for payload in payloads) == [
                ("stock.low", "L"),
                ("stock.low", "M"),
                ("stock.low", "S"),
                ("stock.out", "XL"),
            ]
            assert len({payload["id"] for payload in payloads}) == 4
            text = mail_text(mail)
            for size in ("S", "M", "L"):
                assert text.count(f"Low: MIDNIGHT EMERALD HOODIE, {size}, ") == 1, text
            assert text.count("Out of stock: MIDNIGHT EMERALD HOODIE, XL") == 1, text
        finally:
            await asyncio.to_thread(second.close)
            await asyncio.to_thread(first.close)
