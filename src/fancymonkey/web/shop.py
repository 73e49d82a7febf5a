"""What every endpoint has at hand."""

import secrets
from dataclasses import dataclass, field

from fancymonkey.config import Settings
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.engine import Engine
from fancymonkey.web.auth import Throttle
from fancymonkey.web.listing import Listing


@dataclass(slots=True)
class Shop:
    """The running shop: its engine, its settings, its ready-made answers."""

    engine: Engine
    settings: Settings
    listing: Listing = field(init=False)
    throttle: Throttle = field(init=False)

    def __post_init__(self) -> None:
        self.listing = Listing(self.engine)
        self.throttle = Throttle(self.engine.clock)

    @property
    def ttl(self) -> int:
        """How long a hold lasts, in ms."""
        return self.settings.reservation_ttl_seconds * 1000


def new_reservation_id() -> str:
    """An id that nobody can guess: whoever knows it may release the hold.

    Ids of about the same time begin alike, so that a database writes them side by side: with ids
    that are random throughout, each new one dirties another page of its index.
    """
    return f"res_{system_clock():012x}{secrets.token_hex(12)}"
