"""A head with the same bytes as the previous one is not parsed again, and has the same effect."""

import random
from typing import Any

import pytest

from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.server.fast_path import UNLIKE_MAX, FastPathProtocol, FastPathRequest
from fancymonkey.web.server.known_head import KNOWN_MAX
from tests.web.client import Answer
from tests.web.fast_path_client import Transport, connection
from tests.web.server.test_fast_path import answers, request
from tests.web.shops import Shop, running

GET = request("", method="GET", path="/api/inventory/get")


class Deaf:
    """A parser that must not get any bytes."""

    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def feed_data(self, data: bytes) -> None:
        raise AssertionError(f"{data!r} was parsed")


async def ask(
    transport: Transport, protocol: FastPathProtocol, data: bytes, *, parsed: bool
) -> Answer:
    """The answer to one more request, which is parsed or must not be."""
    parser, before = protocol.parser, transport.written.count(b"HTTP/1.1 ")
    if not parsed:
        protocol.parser = Deaf(protocol.parser)
    protocol.data_received(data)
    if parsed:
        assert protocol.parser is parser
    protocol.parser = parser
    return (await answers(transport, protocol, before + 1))[before]


async def test_the_same_head_is_parsed_once(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    await ask(transport, protocol, request("cs_1"), parsed=True)
    for number in range(2, 9):
        answer = await ask(transport, protocol, request(f"cs_{number}"), parsed=False)
        assert answer.json["reservation"]["sessionId"] == f"cs_{number}"
        assert isinstance(protocol.cycle, FastPathRequest)
    await ask(transport, protocol, GET, parsed=True)
    assert "inventory" in (await ask(transport, protocol, GET, parsed=False)).json
    refused = await ask(transport, protocol, request("cs_9", quantity=1000), parsed=True)
    assert refused.status == 409


@pytest.mark.parametrize(
    "message",
    [
        request("", method="GET", path="/nothing"),
        request("", method="GET", path="/healthz"),
        request("", method="PUT"),
        request("cs_1", path="/api/inventory/update"),
        request("cs_1", path="/nothing"),
    ],
)
async def test_so_it_is_by_asgi(shop: Shop, message: bytes) -> None:
    protocol, transport = connection(shop.client.app)
    first = await ask(transport, protocol, message, parsed=True)
    for _ in range(3):
        again = await ask(transport, protocol, message, parsed=False)
        assert (again.status, again.headers[1:]) == (first.status, first.headers[1:])
        assert not isinstance(protocol.cycle, FastPathRequest)
    other = await ask(transport, protocol, GET, parsed=True)
    assert other.status == 200
    await ask(transport, protocol, message, parsed=True)


async def test_each_request_is_counted_limited_and_named_again() -> None:
    async with running(MemoryStore(), rate_limit=True) as shop:
        protocol, transport = connection(shop.client.app)
        await ask(transport, protocol, request("cs_1"), parsed=True)
        first = protocol.cycle.call
        await ask(transport, protocol, request("cs_2"), parsed=False)
        assert protocol.cycle.call.id != first.id
        assert protocol.cycle.call.actor is None
        buckets = shop.client.app._limits._limits["buy"]._buckets
        assert buckets["203.0.113.7"][0] == pytest.approx(9998, abs=1)
        buckets["203.0.113.7"] = (0, shop.clock())
        assert (await ask(transport, protocol, request("cs_3"), parsed=False)).status == 429


OTHERS = {
    "a longer body": request("cs_10"),
    "a shorter body": request("cs"),
    "another path": request("cs_2", path="/api/inventory/release"),
    "another header": request("cs_2", "X: y"),
    "a part": request("cs_2")[:-1],
    "more than one": request("cs_2") + b"\r\n",
}


@pytest.mark.parametrize("what", OTHERS)
async def test_other_bytes_are_parsed(shop: Shop, what: str) -> None:
    protocol, transport = connection(shop.client.app)
    await ask(transport, protocol, request("cs_1"), parsed=True)
    protocol.parser = Deaf(protocol.parser)
    with pytest.raises(AssertionError, match="was parsed"):
        protocol.data_received(OTHERS[what])


NEVER_KNOWN = {
    "two at once": request("cs_1") + request("cs_2"),
    "two at once without a body": GET * 2,
    "a long head": request("cs_1", "X: " + "y" * KNOWN_MAX),
    "an empty line in front": b"\r\n" + GET,
    "an empty line behind": GET + b"\r\n",
    "an upgrade": request("cs_1", "Connection: Upgrade", "Upgrade: h2c"),
    "the last one": request("", "Connection: close", method="GET", path="/nothing"),
    "an older protocol": request("", method="GET", path="/nothing", version="1.0"),
    "expects an answer 100 Continue": request("cs_1", "Expect: 100-continue", path="/nothing"),
    "in chunks": GET.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("what", NEVER_KNOWN)
async def test_an_unusual_head_is_parsed_each_time(shop: Shop, what: str) -> None:
    protocol, transport = connection(shop.client.app)
    protocol.data_received(NEVER_KNOWN[what])
    await answers(transport, protocol, 1)
    assert protocol._known is None


async def test_a_head_in_pieces_is_parsed_each_time(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    protocol.data_received(GET[:20])
    protocol.data_received(GET[20:])
    await answers(transport, protocol, 1)
    assert protocol._known is None


async def test_a_line_without_a_carriage_return_is_never_known(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    whole = request("cs_1")
    await ask(transport, protocol, whole, parsed=True)
    known: Any = protocol._known
    assert known is not None
    head, _, _ = whole.partition(b"\r\n\r\n")
    for odd in (whole.replace(b"\r\nHost", b"\nHost"), head + b"\n\n" + whole):
        protocol, transport = connection(shop.client.app)
        protocol.data_received(odd)
        assert protocol._known is None


async def test_a_connection_with_many_different_heads_remembers_no_more(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    heads = [
        request("", f"X: {number}", method="GET", path="/api/inventory/get")
        for number in range(UNLIKE_MAX + 1)
    ]
    for head in heads:
        await ask(transport, protocol, head, parsed=True)
    for _ in range(3):
        await ask(transport, protocol, heads[-1], parsed=True)


async def test_a_request_before_an_answer_waits_for_it(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    await ask(transport, protocol, request("cs_1"), parsed=True)
    protocol.data_received(request("cs_2"))
    assert not protocol.cycle.response_complete
    protocol.data_received(request("cs_3"))
    answers_read = await answers(transport, protocol, 3)
    sessions = [answer.json["reservation"]["sessionId"] for answer in answers_read]
    assert sessions == ["cs_1", "cs_2", "cs_3"]


async def test_nothing_is_answered_after_a_refusal(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    await ask(transport, protocol, request("cs_1"), parsed=True)
    protocol.data_received(b"\0")
    await answers(transport, protocol, 2)
    protocol.data_received(request("cs_2"))
    assert transport.written.count(b"HTTP/1.1 ") == 2
    assert await shop.engine.store.reservation("cs_2") is None


async def test_the_answer_before_something_malformed_is_sent_first(shop: Shop) -> None:
    protocol, transport = connection(shop.client.app)
    await ask(transport, protocol, request("cs_1"), parsed=True)
    protocol.data_received(request("cs_2"))
    protocol.data_received(b"\0")
    statuses = [answer.status for answer in await answers(transport, protocol, 3)]
    assert statuses == [200, 200, 400]


MESSAGES = [
    GET,
    request("", method="GET", path="/api/inventory/get?category=tees"),
    request("cs_1", quantity=1000),
    request("cs_2", quantity=1000),
    request("cs_2", quantity=1001),
    request("cs_1", quantity=1000).replace(b"{", b"["),
    request("nobody", path="/api/inventory/release"),
    request("", method="GET", path="/nothing"),
    request("", method="GET", path="/other"),
    request("cs_1", path="/nothing"),
    request("cs_2", path="/nothing"),
    request("", method="PUT"),
]


@pytest.mark.parametrize("seed", range(20))
async def test_any_order_of_requests_has_the_answers_of_single_bytes(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)
    messages = [message for message in chance.choices(MESSAGES, k=12) for _ in range(3)]
    chance.shuffle(messages)
    messages.sort(key=lambda message: chance.random() < 0.5)  # some repeat, some do not
    whole, transport = connection(shop.client.app)
    for number, message in enumerate(messages, 1):
        whole.data_received(message)
        if chance.random() < 0.7:
            await answers(transport, whole, number)
    single, other = connection(shop.client.app)
    for byte in b"".join(messages):
        single.data_received(bytes([byte]))
    answers_read = await answers(transport, whole, len(messages))
    expected = await answers(other, single, len(messages))
    assert [(a.status, a.body) for a in answers_read] == [(a.status, a.body) for a in expected]
