"""Random valid and invalid requests: no answer is a 5xx, and the stock always adds up.

FUZZ_REQUESTS sets their number (default 5,000), FUZZ_SEED the first seed; a failure names its seed.
"""

import json
import os
import random
from typing import Any

import pytest

from fancymonkey.store.contract import Store
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from tests.web.client import Answer
from tests.web.shops import CRON, HOODIE, ORIGIN, PASSWORD, Shop, ledger, running
from tests.web.signing import PATH, signature

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "5000"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
ROUNDS = 10

TEXTS = (
    *(HOODIE, "prod_hoodie_002", "prod_tee_001", "M", "S", "S/M", "XL", "nothing", "", " "),
    *("a/b", "é", "😀", "\x00", "\n", "\u2028", "x" * 200, "x" * 201, "../..", "%s", "null"),
    *("true", "0", "-1", "hoodies", "tees", "set", "adjust", "reset", "2025-10-15", "__class__"),
)
NUMBERS: tuple[Any, ...] = (
    *(0, 1, 2, 3, 5, 20, -1, -3, 10**9, 10**9 + 1, 2**31, 2**53 + 1, 2**63, 2**64, 10**40),
    *(-(10**40), 1.0, 1.5, -0.0, 1e300),
)
JUNK = (
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"NaN", b"1e999", b"[" * 3000, b'"', b"{"),
    *(b"\\u0000", b"//", b",", b"\xef\xbb\xbf", b"9" * 500),
)
HEADERS: tuple[tuple[str, bytes], ...] = (
    ("idempotency-key", b"k1"),
    ("idempotency-key", b"k2"),
    ("idempotency-key", b""),
    ("idempotency-key", b"\xe9"),
    ("authorization", b"Bearer " + CRON.encode()),
    ("authorization", b"\xff"),
    ("origin", ORIGIN.encode()),
    ("origin", b"null"),
    ("origin", b"\xff"),
    ("if-none-match", b'W/"x", *'),
    ("content-type", b"text/plain"),
    ("content-length", b"999999999999999999999999"),
    ("stripe-signature", "t=1,v1=é".encode()),
    ("last-event-id", b"9" * 50),
)
FIELDS = {
    "reserve": ("productId", "size", "quantity", "sessionId", "lines"),
    "release": ("sessionId", "releaseExpired"),
    "update": ("password", "updates"),
    "bulk-update": ("password", "action", "filter", "changes", "dryRun"),
}
ROW = (
    *("productId", "size", "stock", "adjustStock", "expected", "reserved", "lowStockThreshold"),
    *("soldOut", "restockDate", "receipt", "reason"),
)


class RequestMaker:
    """Makes requests from a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def value(self, depth: int = 0) -> Any:
        kind = self.chance.randrange(9 if depth < 3 else 6)
        if kind < 2:
            return self.chance.choice(TEXTS)
        if kind < 4:
            return self.chance.choice(NUMBERS)
        if kind < 6:
            return self.chance.choice((True, False, None))
        if kind == 6:
            return [self.value(depth + 1) for _ in range(self.chance.randrange(4))]
        return {self.chance.choice(TEXTS): self.value(depth + 1) for _ in range(3)}

    def good(self, name: str) -> dict[str, Any]:
        pick = self.chance.choice
        product, size = pick(
            ((HOODIE, "M"), (HOODIE, "S"), ("prod_hoodie_002", "S/M"), ("prod_tee_001", "M"))
        )
        line = {"productId": product, "size": size, "quantity": pick((1, 1, 2, 3, 30))}
        session = {"sessionId": f"cs_{self.chance.randrange(12)}"}
        row = {
            "productId": product,
            "size": size,
            pick(ROW[2:]): pick((0, 3, 25, True, "2026-01-01")),
        }
        match name:
            case "reserve":
                return {**line, **session} if pick((0, 1)) else {**session, "lines": [line]}
            case "release":
                return pick((session, {"releaseExpired": True}))
            case "update":
                return {
                    "password": PASSWORD,
                    "updates": [row, {**row, "adjustStock": pick((-4, 9))}],
                }
            case _:
                changes = {"stock": pick((0, 4, 10, -2)), "reason": pick(TEXTS)}
                which: dict[str, Any] = {"category": pick(("hoodies", "tees"))}
                if pick((0, 1)):
                    which = {"lowStockOnly": True, "productIds": [product]}
                return {
                    "password": PASSWORD,
                    "action": pick(("set", "adjust", "reset")),
                    "filter": which,
                    "changes": changes,
                    "dryRun": pick((True, False)),
                }

    def body(self, name: str) -> bytes:
        body: Any = self.good(name)
        for _ in range(self.chance.choice((0, 0, 0, 1, 2))):
            field = self.chance.choice((*FIELDS[name], "unread"))
            body[field] = self.value()
            if field == "updates":
                body[field] = [{self.chance.choice(ROW): self.value() for _ in range(3)}]
        if self.chance.random() < 0.05:
            body = self.value()
        raw = json.dumps(body, ensure_ascii=self.chance.random() < 0.5)
        data = bytearray(raw.encode("utf-8", "surrogatepass"))
        while self.chance.random() < 0.15:
            at = self.chance.randrange(len(data) + 1)
            data[at : at + self.chance.choice((0, 0, 1, 5))] = self.chance.choice(JUNK)
        return bytes(data)

    def headers(self) -> list[tuple[str, bytes]]:
        return [self.chance.choice(HEADERS) for _ in range(self.chance.choice((0, 0, 0, 1, 2)))]

    def query(self) -> str:
        names = ("productId", "category", "lowStockOnly", "since", "x", "")
        values = ("", "true", HOODIE, "hoodies", "%00", "%ff", "%zz", "é", "a=b", "x" * 300)
        return "&".join(
            f"{self.chance.choice(names)}={self.chance.choice(values)}"
            for _ in range(self.chance.randrange(4))
        )


async def request(maker: RequestMaker, shop: Shop) -> Answer:
    chance = maker.chance
    kind = chance.random()
    client = shop.client
    if chance.random() < 0.3:
        # Otherwise the throttle of the owner's password stops all later requests.
        client = client.elsewhere(f"10.0.{chance.randrange(256)}.{chance.randrange(256)}")
    if kind < 0.15:
        return await client.get(f"/api/inventory/get?{maker.query()}", maker.headers())
    if kind < 0.20:
        methods = ("OPTIONS", "HEAD", "PUT", "DELETE", "GET", "POST")
        paths = ("get", "reserve", "release", "update", "bulk-update", "none", "%00", "é")
        path = f"/api/inventory/{chance.choice(paths)}"
        return await client.request(chance.choice(methods), path, b"x", maker.headers())
    if kind < 0.30:
        return await event(maker, shop)
    name = chance.choice(list(FIELDS))
    return await client.post(f"/api/inventory/{name}", maker.body(name), maker.headers())


async def event(maker: RequestMaker, shop: Shop) -> Answer:
    pick = maker.chance.choice
    thing: Any = {
        "id": f"cs_{maker.chance.randrange(12)}",
        "payment_status": pick(("paid", "unpaid", None, 1)),
        "metadata": pick((None, {}, {"reservationId": pick(TEXTS)}, [])),
    }
    body = json.dumps(
        {
            "id": f"evt_{maker.chance.randrange(200)}",
            "type": "checkout.session." + pick(("completed", "expired", "x")),
            "data": {"object": pick((thing, thing, thing, maker.value()))},
        }
    ).encode()
    at = shop.clock() // 1000
    secret = pick(("whsec_test", "whsec_test", "wrong"))
    header = f"t={at},v1={signature(body, at, secret)}"
    return await shop.client.post(PATH, body, {"Stripe-Signature": header})


def check_answer(answer: Answer) -> None:
    assert 200 <= answer.status < 500, answer
    if answer.status >= 400 and answer.body:
        assert answer.code
    elif answer.status == 200 and answer.body:
        assert "success" in answer.json


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_random_requests(number: int) -> None:
    await fuzz(MemoryStore(), number, REQUESTS // ROUNDS)


async def test_random_requests_on_each_store(target: str) -> None:
    await fuzz(open_store(target), ROUNDS, max(300, REQUESTS // ROUNDS // 5))


async def fuzz(store: Store, number: int, requests: int) -> None:
    maker = RequestMaker(SEED * 1000 + number)
    async with running(store) as shop:
        seen = set()
        for step in range(requests):
            before = shop.engine.view.revision
            answer = await request(maker, shop)
            note = f"FUZZ_SEED={SEED}, round {number}, request {step}: {answer}"
            try:
                check_answer(answer)
                if answer.status >= 400:
                    assert shop.engine.view.revision == before, "a refusal changed something"
                if not step % 50:
                    await shop.check()
            except AssertionError as error:
                error.add_note(note)
                raise
            seen.add(answer.status)
            if maker.chance.random() < 0.02:
                shop.clock.forward(maker.chance.choice((1, 61, 1800)))
                await shop.client.post("/api/inventory/release", {"releaseExpired": True})
        await shop.check()
        assert (await shop.client.get("/api/inventory/get")).json["revision"] == len(
            await ledger(shop.engine.store)
        )
        assert {200, 400, 404, 409, 422} <= seen, "the requests are too much alike"
