"""Shops to measure: each store filled with a catalogue, and the real server on it."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.load import HOLE
from fancymonkey import examples
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of
from fancymonkey.core.stock.adjust import Count
from fancymonkey.engine.clock import system_clock
from fancymonkey.store.open import open_store
from tests.support.postgres import PostgresServer
from tests.support.scratch import on_disk
from tests.support.server import PROGRAM, Server

STORES = ("json", "sqlite", "postgres")
PASSWORD = "bench owner's password"
WEBHOOK_SECRET = "whsec_bench"
PLENTY = 900_000_000
HOT = ("prod_hoodie_001", "M")
SIZES = ("XS", "S", "M", "L", "XL")
ENVIRONMENT = {
    "RATE_LIMIT": "off",
    "ADMIN_PASSWORD": PASSWORD,
    "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    "LOG_LEVEL": "warning",
}
RESERVE_HOT = f'{{"productId":"{HOT[0]}","size":"{HOT[1]}","quantity":1,"sessionId":"{HOLE}"}}'


@dataclass(frozen=True, slots=True)
class BenchShop:
    """A store by its name and its place."""

    name: str
    target: str
    program: Sequence[str] | None = PROGRAM
    """The program of its servers; None starts them more cheaply, as tests do."""

    def server(
        self,
        *,
        env: Mapping[str, str] | None = None,
        workers: int = 1,
        program: Sequence[str] | None = None,
        script: str | None = None,
    ) -> Server:
        """The real `fancymonkey serve` on it, not started yet; or a script instead of it."""
        sql = "://" in self.target
        return Server(
            data=None if sql else self.target,
            database_url=self.target if sql else None,
            env={**ENVIRONMENT, **(env or {})},
            workers=workers,
            program=program or (self.program if script is None else None),
            script=script,
            start_seconds=120,
        )

    def environment(self) -> dict[str, str]:
        """The arguments of a command that name the store."""
        return {"DATABASE_URL" if "://" in self.target else "DATA_DIR": self.target}

    def fill(self, commands: list[Command]) -> None:
        """Runs commands on the store, in batches, and closes it."""
        asyncio.run(self._fill(commands))

    async def _fill(self, commands: list[Command]) -> None:
        store = open_store(self.target)
        await store.open(system_clock())
        try:
            revision = 0
            for start in range(0, len(commands), 500):
                commit = await store.run(commands[start : start + 500], system_clock(), revision)
                revision = commit.revision
        finally:
            await store.close()


class Places:
    """The place for the stores of a run: a directory, and one PostgreSQL when needed."""

    def __init__(
        self,
        stores: Sequence[str] = STORES,
        postgres: PostgresServer | None = None,
        program: Sequence[str] | None = PROGRAM,
    ) -> None:
        self.stores = stores
        self.program = program
        self._stack = ExitStack()
        self.directory = Path(tempfile.mkdtemp(prefix="fm-bench-", dir=on_disk()))
        self._stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self._postgres = postgres
        self._made = 0

    @property
    def sql(self) -> list[str]:
        """The SQL stores among them."""
        return [name for name in self.stores if name != "json"]

    @property
    def postgres(self) -> PostgresServer:
        """The one PostgreSQL of this run, with its default durability."""
        if self._postgres is None:
            self._postgres = self._stack.enter_context(PostgresServer())
        return self._postgres

    def shop(self, name: str, commands: list[Command] | None = None) -> BenchShop:
        """A new store of this kind, filled."""
        self._made += 1
        place = self.directory / f"{name}-{self._made}"
        match name:
            case "json":
                shop = BenchShop(name, str(place), self.program)
            case "sqlite":
                place.mkdir()
                shop = BenchShop(name, f"sqlite:///{place}/shop.db", self.program)
            case "postgres":
                shop = BenchShop(name, self.postgres.create_database(), self.program)
            case _:
                raise ValueError(f"no store is called {name}")
        if commands:
            shop.fill(commands)
        return shop

    def database_pid(self, name: str) -> int | None:
        """The process whose CPU time counts beside the server's."""
        return self.postgres.pid if name == "postgres" else None

    def close(self) -> None:
        """Removes everything."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def sample() -> list[Command]:
    """The sample catalogue of 16 products, with plenty of the hot SKU."""
    return [
        *examples.commands(),
        Count(sku=sku_of(*HOT), location=DEFAULT_LOCATION, quantity=PLENTY, actor="bench"),
    ]


def large(skus: int, on_hand: int = 1_000_000) -> list[Command]:
    """A catalogue of this many SKUs, five sizes a product, and the hot one among them."""
    return [*_products(skus - 1, on_hand), _hot()]


def _products(skus: int, on_hand: int) -> Iterator[Command]:
    for number in range(-(-skus // len(SIZES))):
        id_ = product_id(number)
        sizes = SIZES[: skus - number * len(SIZES)]
        items = tuple(
            NewItem(Item(sku_of(id_, size), id_, size, place), on_hand)
            for place, size in enumerate(sizes)
        )
        product = Product(id_, f"Thing number {number}", f"category {number % 40}", position=number)
        yield UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items, actor="bench")


def _hot() -> Command:
    id_, size = HOT
    items = (NewItem(Item(sku_of(id_, size), id_, size), PLENTY),)
    product = Product(id_, "The hot one", "hoodies", position=1_000_000)
    return UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items, actor="bench")


def product_id(number: int) -> str:
    """The name of a product of the large catalogue."""
    return f"prod_{number:06d}"
