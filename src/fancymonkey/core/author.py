"""The author of a change, as the ledger names it."""

from typing import Protocol


class Author(Protocol):
    """A command, as the ledger names it."""

    @property
    def actor(self) -> str:
        """The person or program that sent it."""
        ...

    @property
    def cause(self) -> str:
        """The request, order or file that it follows from."""
        ...
