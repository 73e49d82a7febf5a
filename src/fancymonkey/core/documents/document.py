"""Documents: data of the layers above that is not stock, such as accounts and leases.

One kind of row serves them all. The layer that stores a document defines the type of its body.
"""

from typing import ClassVar

from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Row


@dataclass(frozen=True, slots=True)
class Document(Row):
    """A text with a name in a folder.

    `version` counts its changes, `at` is the time of the latest, in ms. An empty `body` means that
    the document was removed. After `until` (ms) the store may delete the row, and does so a day
    later at the earliest; None: never.
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
