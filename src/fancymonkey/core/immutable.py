"""`dataclass(frozen=True)` at no cost: the type checker forbids changes, not the interpreter.

A frozen dataclass sets each field through `object.__setattr__`. That makes the creation of a ledger
entry about nine times as expensive, and cost half of a reserve's time. A type checker sees the
standard decorator, so that an assignment to a field fails the build.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool, kw_only: bool = False) -> Callable[[Any], Any]:
        """The standard decorator, without the run-time part of `frozen`."""
        if not frozen:
            raise TypeError("dataclasses of the core are frozen")
        return dataclasses.dataclass(slots=slots, kw_only=kw_only, unsafe_hash=True)


__all__ = ["dataclass"]
