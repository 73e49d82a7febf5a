"""A shop with three locations in any store, for the tests of transfers."""

from collections import Counter
from typing import Any

from fancymonkey.core.command import Command
from fancymonkey.core.locations.accounts import StockState, account_of, split_account
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Kind, Level, Line
from fancymonkey.core.outcomes import Accepted, Answer, Refused
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.transfers.edit import CreateTransfer
from fancymonkey.core.transfers.receive import ReceivedLine, ReceiveTransfer
from fancymonkey.core.transfers.send import SendTransfer
from fancymonkey.core.transfers.transfer import Transfer
from fancymonkey.store.contract import Store
from fancymonkey.store.verify import verify_store
from tests.store.scripts import catalogue

M, S = "prod_a/M", "prod_a/S"
BERLIN = Location("berlin", "Berlin", "Karl-Marx-Allee 1", "DE", priority=2)
REPAIR = Location("repair", "Repair", country="DE", priority=3, sells_online=False)
TRANSIT = account_of("berlin", StockState.IN_TRANSIT)
DAMAGED = account_of("berlin", StockState.DAMAGED)


class TransferShop:
    """Runs commands one by one; ten units of each size are at `main`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = 1_000

    async def begin(self) -> "TransferShop":
        """Adds the catalogue and two locations."""
        await self.store.run(catalogue(), self.now, 0)
        await self.do(AddLocation(location=BERLIN))
        await self.do(AddLocation(location=REPAIR))
        return self

    async def answer(self, command: Command) -> Answer:
        """The answer to a command in a batch of its own."""
        return (await self.store.run([command], self.now, 0)).answers[0]

    async def do(self, command: Command) -> Any:
        """The data of an accepted command."""
        answer = await self.answer(command)
        assert isinstance(answer, Accepted), answer
        return answer.data

    async def refused(self, command: Command) -> Refused:
        """The refusal of a command."""
        answer = await self.answer(command)
        assert isinstance(answer, Refused), answer
        return answer

    async def draft(
        self, units: int = 10, id_: str = "t1", source: str = "main", destination: str = "berlin"
    ) -> None:
        """Plans a transfer of size M."""
        await self.do(
            CreateTransfer(
                transfer_id=id_,
                from_location=source,
                to_location=destination,
                lines=(Line(M, units),),
                actor="ana",
            )
        )

    async def sent(self, units: int = 10, id_: str = "t1") -> None:
        """Plans and sends a transfer of size M from `main` to `berlin`."""
        await self.draft(units, id_)
        await self.do(SendTransfer(transfer_id=id_, actor="ana"))

    def receipt(self, accepted: int, rejected: int = 0, id_: str = "t1", **more: Any) -> Command:
        """A receipt of size M."""
        lines = (ReceivedLine(M, accepted, rejected),)
        return ReceiveTransfer(transfer_id=id_, lines=lines, actor="ben", **more)

    async def transfer(self, id_: str = "t1") -> Transfer:
        """The stored transfer."""
        row = await self.store.find(Transfer, id_)
        assert row is not None
        return row

    async def accounts(self, sku: str = M) -> dict[str, int]:
        """The units of a SKU by account, without the empty ones."""
        levels = [row async for row in self.store.scan(Level)]
        return {row.location: row.on_hand for row in levels if row.sku == sku and row.on_hand}

    async def stock(self, sku: str = M) -> SkuStock:
        """The stock of a SKU over all locations."""
        return SkuStock.of(sku, [row async for row in self.store.scan(Level) if row.sku == sku])

    async def check(self, units: int = 10, sku: str = M) -> None:
        """Asserts that the accounts of a SKU have that many units, and that the store is sound."""
        assert sum((await self.accounts(sku)).values()) == units
        verification = await verify_store(self.store)
        assert verification.findings == []

    async def differences(self, sku: str = M) -> Counter[str]:
        """The units that were added or removed, by the reason of their entries."""
        entries = await self.store.entries_after(0, 100_000)
        return Counter(
            {
                entry.reason: entry.on_hand
                for entry in entries
                if entry.kind is Kind.ADJUSTED
                and entry.sku == sku
                and split_account(entry.location)[1] is StockState.IN_TRANSIT
            }
        )
