"""The answers to `Release`, `Capture`, `Expire` and `SetReserved`."""

from typing import Any

from fancymonkey.core.answers import CommandAnswer
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Line
from fancymonkey.core.stock.answers import MovedLine, StockAnswer


@dataclass(frozen=True, slots=True)
class _Ended(CommandAnswer):
    """A hold, and the lines that the command has just moved, with the stock then."""

    reservation_id: str
    session_id: str
    status: str
    late: bool
    lines: tuple[MovedLine, ...]
    revision: int

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {
            "reservation_id": self.reservation_id,
            "session_id": self.session_id,
            "status": self.status,
            "late": self.late,
            "lines": list(self.lines),
            "revision": self.revision,
        }


def _fields(
    value: dict[str, Any],
) -> tuple[str, str, str, bool, tuple[MovedLine, ...], int]:
    """The common fields of a stored answer. Raises KeyError for another kind of answer."""
    return (
        value["reservation_id"],
        value["session_id"],
        value["status"],
        value["late"],
        tuple(map(tuple, value["lines"])),
        value["revision"],
    )


@dataclass(frozen=True, slots=True)
class Released(_Ended):
    """A hold after a `Release`. `payment_pending`: a payment of it was pending."""

    payment_pending: bool = False

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {**_Ended.stored(self), "payment_pending": self.payment_pending}

    @classmethod
    def restored(cls, value: dict[str, Any]) -> "Released":
        """The answer of a stored one. Raises KeyError for another kind of answer."""
        return cls(*_fields(value), payment_pending=bool(value.get("payment_pending")))


@dataclass(frozen=True, slots=True)
class Captured(_Ended):
    """A hold after a `Capture`, with the units of each SKU that were not there.

    `outcome` is the outcome of the payment where it has bought nothing, else None.
    """

    backordered: tuple[Line, ...] = ()
    outcome: str | None = None

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        rows = [{"sku": line.sku, "quantity": line.quantity} for line in self.backordered]
        more = {} if self.outcome is None else {"outcome": self.outcome}
        return {**_Ended.stored(self), "backordered": rows, **more}

    @classmethod
    def restored(cls, value: dict[str, Any]) -> "Captured":
        """The answer of a stored one. Raises KeyError for another kind of answer."""
        rows = value.get("backordered", ())
        lines = tuple(Line(row["sku"], row["quantity"]) for row in rows)
        return cls(*_fields(value), backordered=lines, outcome=value.get("outcome"))


@dataclass(frozen=True, slots=True)
class Expired(CommandAnswer):
    """The holds that a batch has ended because they were due."""

    released: tuple[Released, ...]
    revision: int

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        rows = [hold.stored() for hold in self.released]
        return {"released": rows, "revision": self.revision}

    @classmethod
    def restored(cls, value: dict[str, Any]) -> "Expired":
        """The answer of a stored one. Raises KeyError for another kind of answer."""
        return cls(tuple(map(Released.restored, value["released"])), value["revision"])


@dataclass(frozen=True, slots=True)
class EndedHold:
    """A hold that a change of the owner has ended."""

    reservation_id: str
    session_id: str

    def stored(self) -> dict[str, str]:
        """The hold as JSON for an `Outcome`."""
        return {"reservationId": self.reservation_id, "sessionId": self.session_id}

    @classmethod
    def restored(cls, value: dict[str, str]) -> "EndedHold":
        """The hold of a stored one."""
        return cls(value["reservationId"], value["sessionId"])


@dataclass(frozen=True, slots=True)
class ReservedSet(CommandAnswer):
    """The stock after a `SetReserved`, and the holds that it has ended."""

    stock: StockAnswer
    ended: tuple[EndedHold, ...]

    def stored(self) -> dict[str, Any]:
        """The answer as JSON for an `Outcome`."""
        return {**self.stock.stored(), "ended": [hold.stored() for hold in self.ended]}

    @classmethod
    def restored(cls, value: dict[str, Any]) -> "ReservedSet":
        """The answer of a stored one. Raises KeyError for another kind of answer."""
        ended = tuple(map(EndedHold.restored, value["ended"]))
        return cls(StockAnswer.restored(value), ended)
