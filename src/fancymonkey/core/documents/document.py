"""What the shop keeps that is no stock: accounts, acts, deliveries, leases, as JSON in folders.

One kind of row serves them all. Whoever keeps documents gives their bodies types of its own.
"""

from typing import ClassVar

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Row


@dataclass(frozen=True, slots=True)
class Document(Row):
    """A text that is kept under a name in a folder.

    `version` counts its changes, `at` is when the latest came, in ms. A `body` that is empty means
    that it was thrown away. `until` is when it may be forgotten (in ms; at the earliest, a day
    later it is gone), None: never.
    """

    TABLE: ClassVar[str] = "document"
    KEY: ClassVar[tuple[str, ...]] = ("folder", "name")

    folder: str
    name: str
    version: int
    at: int
    body: str
    until: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        return (self.folder, self.name)
