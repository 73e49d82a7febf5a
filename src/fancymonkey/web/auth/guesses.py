"""Wrong attempts at the secrets of the settings: the admin password and the scheduler's secret.

They count for the secret itself, from any address, as for an account. An address that has used
the secret before has its own counter, so guessing elsewhere cannot lock the owner out.
"""

from collections.abc import Awaitable, Callable, Mapping

from fancymonkey.accounts.failure_counter import FailureCounter
from fancymonkey.accounts.known_addresses import Places
from fancymonkey.accounts.login import ACCOUNT_MOST, ACCOUNT_WINDOW
from fancymonkey.engine.clock import Clock
from fancymonkey.web.auth.shared_secrets import Throttle, same, too_many

Alarm = Callable[[str, str], Awaitable[None]]
"""Gets the name of a secret that locks out unknown addresses, and the address of the attempt."""


class Guesses:
    """Compares a token with secrets. `throttle` counts for addresses and networks."""

    def __init__(self, clock: Clock, throttle: Throttle, places: Places, alarm: Alarm) -> None:
        self._throttle = throttle
        self._places = places
        self._alarm = alarm
        self._strangers = FailureCounter(clock, ACCOUNT_MOST, ACCOUNT_WINDOW)
        self._known = FailureCounter(clock, ACCOUNT_MOST, ACCOUNT_WINDOW)

    async def fits(
        self, client: str, secret: bytes, secrets: Mapping[str, str], *, address: str
    ) -> str | None:
        """The name of the secret that was given, or None, which counts as a failure.

        It counts for `client`; the alarm has the `address`, which no header can change.
        Raises Problem 429 while this client may not try. A right one is refused then too.
        """
        self._throttle.check(client)
        known = {
            name
            for name in secrets
            if self._closed(name, client) and await self._places.has(name, client)
        }
        # No await from here to the count, so that concurrent attempts all count.
        self._throttle.check(client)
        waits = {name: self._wait(name, client, name in known) for name in secrets}
        for name, expected in secrets.items():
            if not waits[name] and same(secret, expected):
                self._places.remember(name, client)
                return name
        longest = max(waits.values(), default=0)
        if waits and all(waits.values()):
            raise too_many(longest)
        self._throttle.failed(client)
        alarming = [name for name in secrets if not waits[name] and self._fail(name, client, known)]
        for name in alarming:
            await self._alarm(name, address)
        if longest:  # what was given may be a secret that it was not compared with
            raise too_many(longest)
        return None

    def _closed(self, name: str, client: str) -> int:
        return max(self._strangers.wait(name), self._throttle.crowded(client))

    def _wait(self, name: str, client: str, known: bool) -> int:
        return self._known.wait(f"{name} {client}") if known else self._closed(name, client)

    def _fail(self, name: str, client: str, known: set[str]) -> bool:
        """Counts a failure; returns whether it locks out unknown addresses."""
        if name in known:
            self._known.count(f"{name} {client}")
            return False
        self._strangers.count(name)
        return self._strangers.wait(name) > 0
