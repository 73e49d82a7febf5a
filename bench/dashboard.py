"""`python -m bench.dashboard`: the stock page with 5,000 SKUs and 50 changes a second, for minutes.

A real Chromium uses the real program. One user types into a number, searches and scrolls while
buyers and colleagues change fifty SKUs a second, half of them visible. For each minute it prints
the time from a key press to the drawn text and the memory in use; at the end, whether typing stayed
under 100 ms and memory did not grow.
"""

import argparse
import asyncio
import itertools
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Page

from tests.support.browser import BrowserPage, chromium
from tests.support.latency import Keys, within
from tests.support.server import PROGRAM, Server

PASSWORD = "a bench of one's own"
SKUS = 5000
RATE = 50
AT_ONCE = 5
LATENCY_MS = 100
GROWTH_MB = 4


@dataclass
class Minute:
    """The observations of about a minute."""

    made: int
    took: list[float]
    machine: list[float]
    heap: float
    rows: int

    def line(self, number: int) -> str:
        times = [f"{within(self.took, part):.0f}" for part in (0.5, 0.95, 0.99)]
        blank = [f"{within(self.machine, part):.0f}" for part in (0.5, 0.95)]
        cells = [number, self.made, len(self.took), *times, *blank, f"{self.heap:.2f}", self.rows]
        return "| " + " | ".join(map(str, cells)) + " |"


def fill(folder: Path, data: Path) -> None:
    """Five hundred products of ten sizes, by `fancymonkey import`."""
    table = folder / "table.csv"
    lines = ["productId,size,name,category,price,stock"]
    for place in range(SKUS):
        number = f"{place // 10:04}"
        lines.append(f"p{number},{place % 10},GARMENT {number},tees,20,40")
    table.write_text("\n".join(lines) + "\n")
    command = [*PROGRAM, "import", "--data", str(data), str(table)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


async def change(url: str, until: asyncio.Event, made: list[int]) -> None:
    """Changes SKUs at the rate until it is stopped."""
    loop = asyncio.get_running_loop()
    headers = {"Authorization": f"Bearer {PASSWORD}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        began = loop.time()
        for round_ in itertools.count():
            if until.is_set():
                return
            numbers = range(round_ * AT_ONCE, (round_ + 1) * AT_ONCE)
            places = [at % 20 if at % 2 else at * 37 % SKUS for at in numbers]
            updates = [
                {"productId": f"p{place // 10:04}", "size": str(place % 10), "stock": at % 90}
                for at, place in zip(numbers, places, strict=True)
            ]
            answer = await client.post("/api/inventory/update", json={"updates": updates})
            made[0] += answer.raise_for_status().json()["results"]["successful"]
            due = began + (round_ + 1) * AT_ONCE / RATE
            await asyncio.sleep(max(0.0, due - loop.time()))


async def work(keys: Keys, seconds: float) -> None:
    """Types, deletes the text, searches, scrolls."""
    page, loop = keys.page, asyncio.get_running_loop()
    end = loop.time() + seconds
    place = page.locator('tr[data-sku="p0001/3"] input[data-field=stock]')
    while loop.time() < end:
        await page.locator("fm-stock .scroll").evaluate("box => box.scrollTo(0, 0)")
        await place.focus()
        for key in "1234567890":
            await keys.press(key)
            await asyncio.sleep(0.08)
        await page.keyboard.press("Escape")
        search = page.get_by_role("searchbox")
        await search.focus()
        await keys.press(*"garment 04")
        await search.fill("")
        await page.locator("fm-stock .scroll").evaluate("box => box.scrollTo(0, 90000)")


async def heap(page: Page) -> float:
    """Megabytes of live objects after a garbage collection."""
    session: Any = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    used = (await session.send("Runtime.getHeapUsage"))["usedSize"]
    await session.detach()
    return float(used) / 1e6


async def measure(server: Server, minutes: float) -> int:
    """Prints the table; returns 1 if a bound is not kept."""
    async with chromium() as browser:
        watched = await BrowserPage.open(await browser.new_context())
        page = watched.page
        body = {"name": "owner", "password": PASSWORD}
        await page.request.post(f"{server.url}/api/admin/login", data=body)
        await page.goto(f"{server.url}/admin/")
        await page.locator("tr[data-sku]").first.wait_for()
        keys = await Keys.watch(browser, page)
        until, made = asyncio.Event(), [0]
        changing = asyncio.create_task(change(server.url, until, made))
        await work(keys, 10)  # until everything was loaded once
        await keys.taken()
        began = await heap(page)
        print("| minute | changes | keys | 50 % ms | 95 % | 99 % | blank 50 % | 95 % | MB | rows |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        seen: list[Minute] = []
        for number in range(1, (rounds := max(1, round(minutes))) + 1):
            before = made[0]
            await work(keys, 60 * minutes / rounds)
            took, machine = await keys.taken()
            rows = await page.locator("tr").count()
            seen.append(Minute(made[0] - before, took, machine, await heap(page), rows))
            print(seen[-1].line(number), flush=True)
        until.set()
        await changing
        watched.assert_clean()
    slow = within([time for minute in seen for time in minute.took], 0.95)
    blank = within([share for minute in seen for share in minute.machine], 0.95)
    return verdict(slow, blank, began, seen[-1].heap)


def verdict(slow: float, blank: float, began: float, ended: float) -> int:
    """Prints whether typing was fast and memory constant; returns 1 if not."""
    fits = slow - blank < LATENCY_MS and ended - began < GROWTH_MB
    print(
        f"\n95 % of keys within {slow:.0f} ms, {blank:.0f} ms of it a blank page's too;"
        f" heap {began:.2f} → {ended:.2f} MB: {'ok' if fits else 'UNDER'}"
    )
    return int(not fits)


def main() -> int:
    """Starts the program, fills it, measures."""
    parser = argparse.ArgumentParser(prog="python -m bench.dashboard", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        env = {"ADMIN_PASSWORD": PASSWORD, "RATE_LIMIT": "off"}
        fill(Path(folder), data)
        with Server(data=data, env=env) as server:
            return asyncio.run(measure(server, minutes))


if __name__ == "__main__":
    sys.exit(main())
