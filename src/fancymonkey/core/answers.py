"""The base of typed answers, and their form in a stored `Outcome`.

The stored form is JSON, with the names of the first version. An answer of a version that did not
have a field yet is read with the field's default.
"""

from dataclasses import fields
from typing import Any, TypeVar


class CommandAnswer:
    """The answer to a command, as a value with typed fields."""

    __slots__ = ()

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        raise NotImplementedError


A = TypeVar("A", bound="FlatAnswer")


class FlatAnswer(CommandAnswer):
    """An answer whose fields are stored under their own names, as they are."""

    __slots__ = ()

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def restored(cls: type[A], value: dict[str, Any]) -> A:
        """The answer of a stored one. Raises KeyError for another kind of answer."""
        return cls(*[value[field.name] for field in fields(cls)])  # type: ignore[arg-type]


def stored(data: Any) -> Any:
    """The data of an answer as JSON; data without a type of its own is JSON already."""
    return data.stored() if isinstance(data, CommandAnswer) else data
