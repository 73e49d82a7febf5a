"""A buyer beside an attack: measures the time of a reserve on a new connection."""

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from tests.support.server import Server


@dataclass
class Waits:
    """The time of each reserve in milliseconds, and the number of missing or wrong answers."""

    milliseconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median time; infinite if no reserve succeeded."""
        return statistics.median(self.milliseconds) if self.milliseconds else float("inf")

    @property
    def worst(self) -> float:
        """The longest time; infinite if a reserve failed."""
        return max(self.milliseconds) if self.milliseconds and not self.failures else float("inf")

    def __str__(self) -> str:
        failed = f", {len(self.failures)} failed: {self.failures[:2]}" if self.failures else ""
        return (
            f"{len(self.milliseconds)} reserves, median {self.median:.1f} ms, "
            f"worst {max(self.milliseconds, default=0):.1f} ms{failed}"
        )


class Bystander:
    """An honest buyer, who reserves and releases one unit repeatedly, each on a new connection."""

    def __init__(self, server: Server, product_id: str, size: str, name: str = "bystander") -> None:
        self.server, self.name = server, name
        self.body = {"productId": product_id, "size": size, "quantity": 1}

    def reserve(self, number: int, timeout: float = 20.0) -> float:
        """Reserve a unit and release it. The milliseconds that the slower of the two calls took.

        Raises OSError, HTTPException or ValueError if the answer is missing or is not a 200.
        """
        session = f"{self.name}-{number}"
        return max(
            self._post("reserve", self.body | {"sessionId": session}, timeout),
            self._post("release", {"sessionId": session}, timeout),
        )

    def measure(self, count: int = 20, pause: float = 0.05) -> Waits:
        """Reserve `count` times, with a pause after each."""
        waits = Waits()
        for number in range(count):
            self._measure_one(waits, number)
            time.sleep(pause)
        return waits

    @contextmanager
    def watching(self, pause: float = 0.05) -> Iterator[Waits]:
        """Measure in a thread for as long as the block runs, at least once."""
        waits, over = Waits(), threading.Event()

        def run() -> None:
            number = 0
            while True:
                self._measure_one(waits, number)
                number += 1
                if over.wait(pause):
                    return

        thread = threading.Thread(target=run, name="bystander", daemon=True)
        thread.start()
        try:
            yield waits
        finally:
            over.set()
            thread.join(60)

    def _measure_one(self, waits: Waits, number: int) -> None:
        try:
            waits.milliseconds.append(self.reserve(number))
        except (OSError, HTTPException, ValueError) as error:
            waits.failures.append(f"{type(error).__name__}: {error}"[:200])

    def _post(self, call: str, body: dict[str, object], timeout: float) -> float:
        began = time.perf_counter()
        connection = HTTPConnection(self.server.host, self.server.port, timeout=timeout)
        try:
            connection.request("POST", f"/api/inventory/{call}", json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise ValueError(f"{answer.status} {text[:120]!r}")
            return (time.perf_counter() - began) * 1000
        finally:
            with suppress(OSError):
                connection.close()
