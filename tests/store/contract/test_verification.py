"""Verification of every store: clean after any script, and without false alarms beside a writer."""

import asyncio

import pytest

from fancymonkey.core.command import Command
from fancymonkey.core.holds.end import Capture, Expire
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.store.contract import Store
from fancymonkey.store.open import open_store
from fancymonkey.store.verify import Verification, verify_store
from tests.store.scripts import batches, catalogue, script

M = "prod_a/M"


@pytest.mark.parametrize("seed", range(5))
async def test_any_script_leaves_a_clean_store(store: Store, seed: int) -> None:
    await store.run(catalogue(), 1, 0)
    for commands, now in batches(seed, script(seed, 200)):
        await store.run(commands, now, 0)
    report = await verify_store(store)
    assert report.clean, report
    assert report.entries == (await store.snapshot()).revision


def sale(number: int) -> list[Command]:
    """A hold that is paid late, one that is paid, and new goods: every number changes."""
    late, paid = f"late{number}", f"paid{number}"
    return [
        Adjust(sku=M, location=DEFAULT_LOCATION, delta=2),
        Reserve(
            reservation_id=late,
            location=DEFAULT_LOCATION,
            session_id=late,
            lines=(Line(M, 1),),
            ttl=1,
        ),
        Reserve(
            reservation_id=paid,
            location=DEFAULT_LOCATION,
            session_id=paid,
            lines=(Line(M, 1),),
            ttl=10**9,
        ),
        Capture(ref=paid),
        Capture(ref=f"late{number - 2}", payment_id=f"cs{number - 2}"),
        Expire(),
    ]


async def test_there_is_no_false_alarm_beside_a_server_that_sells(
    store: Store, target: str
) -> None:
    """One task sells without a pause while the store is opened and verified many times.

    It sells a fixed number during each: otherwise the ledger may grow faster than it is read.
    """
    if target == "memory://":
        pytest.skip("memory has no second reader")
    await store.run(catalogue(), 1, 0)
    done = False
    next_audit = asyncio.Event()

    async def sell() -> None:
        number = 1
        while not done:
            number += 1
            await store.run(sale(number), number * 10, 10**9)
            await asyncio.sleep(0)
            if number % 40 == 0:
                await next_audit.wait()
                next_audit.clear()

    seller = asyncio.create_task(sell())
    audits: list[Verification] = []
    try:
        while len(audits) < 12 or audits[-1].entries < audits[0].entries + 50:
            reader = open_store(target, read_only=True)
            await reader.open(0)
            audits.append(await verify_store(reader))
            await reader.close()
            next_audit.set()
            assert not seller.done()
    finally:
        done = True
        next_audit.set()
        await seller
    assert all(verification.clean for verification in audits), [
        verification for verification in audits if not verification.clean
    ]
    assert (await verify_store(store)).clean
