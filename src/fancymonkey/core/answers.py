"""The base of typed answers, and their form in a stored `Outcome`.

The stored form is JSON, with the names of the first version. An answer of a version that did not
have a field yet is read with the field's default.
"""

from typing import Any


class CommandAnswer:
    """The answer to a command, as a value with typed fields."""

    __slots__ = ()

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        raise NotImplementedError


def stored(data: Any) -> Any:
    """The data of an answer as JSON; data without a type of its own is JSON already."""
    return data.stored() if isinstance(data, CommandAnswer) else data
