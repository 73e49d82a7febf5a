"""Random but valid command scripts, and a way to cut them into batches."""

import random
from collections.abc import Iterator

from fancymonkey.core.catalogue.products import NewItem, RemoveProduct, UpsertProduct
from fancymonkey.core.changes.bulk import Change, chain
from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup, DryRun, RecordEvent
from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Capture, Expire, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Kind, Line, Product, TurnedAway, sku_of
from fancymonkey.core.records import MoveCursor, RecordTurnedAway, StoreResult
from fancymonkey.core.stock.adjust import Adjust, Count, Return, SetItem

SIZES = ("S", "M", "S/M")
PRODUCTS = ("prod_a", "prod_b", "prodüc £")


def product(product_id: str, position: int = 0, **fields: object) -> Product:
    """A product as the sample scripts use it."""
    return Product(product_id, f"Name of {product_id}", "hoodies", position=position, **fields)  # type: ignore[arg-type]


def upsert(product_id: str, position: int = 0, on_hand: int = 10) -> UpsertProduct:
    """A command that adds a product with three sizes."""
    items = tuple(
        NewItem(Item(sku_of(product_id, size), product_id, size, number), on_hand)
        for number, size in enumerate(SIZES)
    )
    return UpsertProduct(
        product=product(product_id, position), location=DEFAULT_LOCATION, items=items, actor="test"
    )


def catalogue() -> list[Command]:
    """Commands that fill an empty store."""
    return [upsert(id_, number) for number, id_ in enumerate(PRODUCTS)]


def script(seed: int, length: int = 120) -> list[Command]:
    """A random script over a small shop, with repetitions, bad values and all kinds of command."""
    return list(_commands(random.Random(seed), length))


def batches(seed: int, commands: list[Command]) -> Iterator[tuple[list[Command], int]]:
    """The commands cut at random, each batch with a time; times advance by odd steps."""
    chance, now, start = random.Random(seed), 1_000_000, 0
    while start < len(commands):
        size = chance.choice((1, 1, 2, 5, 20))
        yield commands[start : start + size], now
        start += size
        now += chance.choice((0, 1, 500, 1000, 4000))


def _commands(chance: random.Random, length: int) -> Iterator[Command]:
    sessions = [f"s{number}" for number in range(8)]
    skus = [sku_of(id_, size) for id_ in PRODUCTS for size in SIZES]
    for number in range(length):
        sku = chance.choice([*skus, *skus, "nothing/M"])
        session = chance.choice(sessions)
        key = chance.choice((None, None, f"key{chance.randrange(20)}"))
        keyed = {"command_id": key, "digest": chance.choice("ab") if key else ""}
        some = chance.sample(skus, chance.choice((1, 1, 1, 2, 3)))
        lines = tuple(Line(command, chance.randrange(1, 6)) for command in some)
        choices: list[Command] = [
            Reserve(
                reservation_id=f"r{number}",
                session_id=session,
                lines=lines,
                location=DEFAULT_LOCATION,
                ttl=chance.choice((900, 5000, 60_000)),
                **keyed,  # type: ignore[arg-type]
            )
        ] * 8
        choices += [Release(ref=session, reason="changed their mind", **keyed)] * 2  # type: ignore[arg-type]
        choices += [
            Capture(ref=session, payment_id=chance.choice((None, f"cs_{session}", f"cs_{number}")))
        ] * 3
        choices += [
            Attach(
                ref=session,
                session_id=f"cs_{chance.choice(sessions)}",
                expires_at=chance.choice((None, 1_000_000 + number * 900)),
            ),
            Expire(),
            Adjust(
                sku=sku,
                location=DEFAULT_LOCATION,
                delta=chance.randrange(-6, 7),
                reason="shelf",
                actor="ann",
            ),
            Adjust(
                sku=sku,
                location=DEFAULT_LOCATION,
                delta=chance.randrange(1, 9),
                kind=Kind.RECEIVED,
                reason="delivery",
            ),
            Count(
                sku=sku,
                location=DEFAULT_LOCATION,
                quantity=chance.randrange(12),
                actor="ann",
                **keyed,  # type: ignore[arg-type]
            ),
            Count(
                sku=sku,
                location=DEFAULT_LOCATION,
                quantity=chance.randrange(12),
                expected=chance.randrange(12),
            ),
            Return(
                sku=sku,
                location=DEFAULT_LOCATION,
                quantity=1,
                reason="too big",
                undelivered=chance.random() < 0.5,
            ),
            SetReserved(
                sku=sku, location=DEFAULT_LOCATION, quantity=chance.randrange(4), actor="ann"
            ),
            SetItem(
                sku=sku,
                location=DEFAULT_LOCATION,
                low_stock_threshold=chance.randrange(9),
                sold_out=chance.random() < 0.2,
                restock_date=chance.choice((None, "2026-12-01")),
            ),
            CommandGroup(
                commands=tuple(
                    chain(
                        command,
                        Change(count=chance.randrange(9), low_stock_threshold=number),
                        location=DEFAULT_LOCATION,
                    )
                    for command in some
                ),
                **keyed,  # type: ignore[arg-type]
            ),
            DryRun(
                command=CommandGroup(
                    commands=(chain(sku, Change(adjust=3, reserved=0), location=DEFAULT_LOCATION),)
                )
            ),
            RecordEvent(
                event_id=f"evt_{chance.randrange(30)}",
                type="checkout.session.completed",
                object_id=f"cs_{session}",
                effect=Capture(ref=session, payment_id=f"cs_{session}"),
            ),
            RecordTurnedAway(rows=(TurnedAway(sku, chance.randrange(3), 1, 4),)),
            MoveCursor(name="alerts", revision=number),
            StoreResult(texts=(sku, f"£ {number}"), **keyed),  # type: ignore[arg-type]
            RemoveProduct(
                product_id="prod_b",
                location=DEFAULT_LOCATION,
                before=tuple(sku_of("prod_b", size) for size in SIZES),
            ),
            upsert("prod_b", 1),
        ]
        yield chance.choice(choices)
