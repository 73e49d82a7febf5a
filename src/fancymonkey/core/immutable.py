"""`dataclass(frozen=True)` at no cost: the type checker forbids changes, the interpreter need not.

A frozen dataclass sets each field through `object.__setattr__`, which makes a ledger entry about
nine times as dear to create as a plain one; half of a reserve's time went there. To a type checker
the decorator here is the standard one, so that assigning to a field fails the build.
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
            raise TypeError("what lives in the core is frozen")
        return dataclasses.dataclass(slots=slots, kw_only=kw_only, unsafe_hash=True)


__all__ = ["dataclass"]
