"""Buyers and an owner who record every promise of the service themselves."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bench.client import Answer, Broken, Client, paid, signed
from bench.shops import PASSWORD, WEBHOOK_SECRET

RESERVE = "/api/inventory/reserve"
RELEASE = "/api/inventory/release"
UPDATE = "/api/inventory/update"
WEBHOOK = "/api/webhooks/stripe"

Size = tuple[str, str]
"""A product id and a size."""


@dataclass(slots=True)
class Hold:
    """The answers to one session."""

    session: str
    lines: dict[Size, int]
    status: str = "held"
    id: str = ""


@dataclass(slots=True)
class Books:
    """The facts that must be true, according to the answers."""

    on_hand: Counter[Size]
    holds: dict[str, Hold] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)

    def reserved(self) -> Counter[Size]:
        """Units of live holds, by size."""
        units: Counter[Size] = Counter()
        for hold in self.holds.values():
            if hold.status == "held":
                units.update(hold.lines)
        return units


@dataclass(slots=True)
class BuyerRequest:
    """One request, the function that records its success, and its hold."""

    kind: str
    send: Callable[[Client], Awaitable[Answer]]
    done: Callable[[Answer], None]
    hold: Hold | None = None


class Unexpected(AssertionError):
    """An answer that the service may not give."""


PAUSE_SECONDS = 0.02
CROWD_SECONDS = 0.1


class Crowd:
    """Clients that reserve, release, pay and restock at random until the server ends.

    Interrupted requests are kept in `unknown`: their outcome is not known yet.
    """

    def __init__(self, books: Books, chance: random.Random, clients: int = 8) -> None:
        self.books = books
        self.unknown: list[BuyerRequest] = []
        self._chance = chance
        self._clients = clients
        self._number = 0
        self._free = list(books.holds.values())
        self._stopped = False
        self._pause = 0.0

    async def trade(self, port: int) -> None:
        """Trades until the connections break, or until `stop`."""
        self._stopped = False
        with Client(port) as client:
            await asyncio.gather(*(self._one(client) for _ in range(self._clients)))

    async def trade_for(self, seconds: float) -> None:
        """Lets time pass while it trades: calmly at first, and at the end without any pause.

        What comes then, a kill for example, meets a request of every client.
        """
        self._pause = PAUSE_SECONDS
        await asyncio.sleep(max(0.0, seconds - CROWD_SECONDS))
        self._pause = 0.0
        await asyncio.sleep(min(seconds, CROWD_SECONDS))

    def stop(self) -> None:
        """Begins no more requests."""
        self._stopped = True

    async def settle(self, port: int) -> None:
        """Sends all interrupted requests again, as clients and Stripe do."""
        with Client(port) as client:
            attempts, self.unknown = self.unknown, []
            await asyncio.gather(*(self._send(client, attempt) for attempt in attempts))
        if self.unknown:
            raise Unexpected("the server went away while requests were sent again")

    async def _one(self, client: Client) -> None:
        while not self._stopped and await self._send(client, self._next_request()):
            if self._pause:
                await asyncio.sleep(self._pause)

    async def _send(self, client: Client, attempt: BuyerRequest) -> bool:
        """Whether there was an answer."""
        if attempt.hold is not None:
            self.books.touched.add(attempt.hold.session)
        try:
            answer = await attempt.send(client)
        except Broken:
            self.unknown.append(attempt)
            return False
        if answer.status == 503:  # no store: the outcome is unknown
            self.unknown.append(attempt)
            return False
        if answer.status == 200:
            attempt.done(answer)
        elif answer.status != 409:
            raise Unexpected(f"{attempt.kind}: {answer.status} {answer.body.decode()}")
        self.books.answers[f"{attempt.kind} {answer.status}"] += 1
        return True

    def _next_request(self) -> BuyerRequest:
        self._number += 1
        dice = self._chance.random()
        if self._free and dice < 0.5:
            hold = self._free.pop(self._chance.randrange(len(self._free)))
            return self._payment(hold) if dice < 0.25 else self._release(hold)
        return self._restock() if dice > 0.9 else self._reserve()

    def _name(self, kind: str) -> str:
        return f"{kind}-{self._chance.getrandbits(64):016x}"

    def _reserve(self) -> BuyerRequest:
        sizes = self._chance.sample(list(self.books.on_hand), self._chance.choice((1, 1, 1, 2, 3)))
        hold = Hold(self._name("s"), {size: self._chance.randrange(1, 4) for size in sizes})
        lines = [
            {"productId": id_, "size": size, "quantity": units}
            for (id_, size), units in hold.lines.items()
        ]
        body = {"sessionId": hold.session, "lines": lines}

        def done(answer: Answer) -> None:
            hold.id = answer.json["reservation"]["id"]
            self.books.holds[hold.session] = hold
            self._free.append(hold)

        return BuyerRequest("reserve", lambda client: client.post(RESERVE, body), done, hold)

    def _release(self, hold: Hold) -> BuyerRequest:
        def done(answer: Answer) -> None:
            hold.status = "released"

        body = {"sessionId": hold.session}
        return BuyerRequest("release", lambda client: client.post(RELEASE, body), done, hold)

    def _payment(self, hold: Hold) -> BuyerRequest:
        event = paid(self._name("evt"), hold.session)

        async def send(client: Client) -> Answer:
            return await client.post(WEBHOOK, *signed(WEBHOOK_SECRET, event))

        def done(answer: Answer) -> None:
            if hold.status == "held":
                hold.status = "captured"
                self.books.on_hand.subtract(hold.lines)

        return BuyerRequest("payment", send, done, hold)

    def _restock(self) -> BuyerRequest:
        size = self._chance.choice(list(self.books.on_hand))
        units = self._chance.randrange(1, 10)
        row = {"productId": size[0], "size": size[1], "adjustStock": units, "receipt": True}
        body = {"password": PASSWORD, "updates": [row]}
        key = {"Idempotency-Key": self._name("key")}

        def done(answer: Answer) -> None:
            if answer.json["results"]["successful"] != 1:
                raise Unexpected(f"restock: {answer.body.decode()}")
            self.books.on_hand[size] += units

        return BuyerRequest("restock", lambda client: client.post(UPDATE, body, key), done)
