"""Kill -9 between the commit of a payment and the answer to Stripe, which then tries again."""

import asyncio
import signal
from pathlib import Path

import pytest

from bench.buyers import RESERVE, WEBHOOK
from bench.client import Broken, Client, paid, signed
from bench.killstorm import verify
from bench.shops import WEBHOOK_SECRET, Places, large
from tests.crash.test_killed_drop import DROP

pytestmark = pytest.mark.crash

# The real program, which kills itself as soon as the commit of an event is durable, once a file is
# there: `publish` is what comes between a commit and its answers.
SCRIPT = """
import os, pathlib, signal, sys
from fancymonkey.core.execute import RecordEvent
from fancymonkey.engine.engine import Engine
publish = Engine.publish
async def killed(self, commands, commit):
    if any(isinstance(one, RecordEvent) for one in commands) and pathlib.Path(FILE).exists():
        os.kill(os.getpid(), signal.SIGKILL)
    await publish(self, commands, commit)
Engine.publish = killed
from fancymonkey.cli import main
main()
"""


def test_an_event_whose_answer_was_never_sent(places: Places, name: str, tmp_path: Path) -> None:
    shop = places.shop(name, [*large(10), DROP])
    trap = tmp_path / "trap"
    trap.touch()
    script = SCRIPT.replace("FILE", repr(str(trap)))
    event = signed(WEBHOOK_SECRET, paid("evt 1", "buyer"))

    async def buy(client: Client) -> None:
        body = {"productId": "prod_drop", "size": "M", "quantity": 3, "sessionId": "buyer"}
        assert (await client.post(RESERVE, body)).status == 200
        with pytest.raises(Broken):
            await client.post(WEBHOOK, *event)

    async def again(client: Client) -> None:
        answers = [await client.post(WEBHOOK, *event) for _ in range(2)]
        for answer in answers:
            assert answer.status == 200
            assert (answer.json["duplicate"], answer.json["outcome"]) == (True, "done")
        shown = (await client.get("/api/inventory/get?productId=prod_drop")).json["inventory"]
        assert shown[0]["totals"] == {"stock": 17, "reserved": 0, "available": 17}

    with shop.server(script=script) as server:
        _with(server.port, buy)
        assert server.wait() == -signal.SIGKILL
    trap.unlink()
    with shop.server() as server:
        _with(server.port, again)
        verify(shop)


def _with(port: int, work: object) -> None:
    async def run() -> None:
        client = Client(port)
        try:
            await work(client)  # type: ignore[operator]
        finally:
            client.close()

    asyncio.run(run())
