"""Undoes a change set: new entries restore each row that it changed, once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fancymonkey.core.bundles.sales import BundleSales, next_version, sales_of
from fancymonkey.core.catalogue.field_changes import (
    CALLED,
    in_words,
    plain,
    restored,
    spelled,
    word,
)
from fancymonkey.core.changes import change_set
from fancymonkey.core.changes.answers import FailedRestore, RestoredRow, UndoAnswer
from fancymonkey.core.command import Command, needs_stock
from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Item, Kind, Level, Product
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.plural import units
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.adjust import Adjust, correct
from fancymonkey.core.stock.move import book_move
from fancymonkey.core.stock.sku_stock import SkuStock


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Command):
    """Restores the rows that a portion of a change set changed; later sales stay.

    `seen` has the units on hand of each SKU at the time when its entries were searched for later
    counts, and `counted` the SKUs with such a count. If the units have changed since, the answer is
    `stale` and the caller searches again. Without `partial` one row that cannot be restored refuses
    all. `location` is that of rows that an earlier version has stored without one.
    """

    undoes: str
    change_id: str
    location: str
    part: int = 0
    seen: tuple[tuple[str, int], ...] = ()
    counted: tuple[str, ...] = ()
    partial: bool = False


def needs_undo(command: Undo, state: State) -> Iterator[Key]:
    """The rows that the rule reads."""
    yield Document, (change_set.CHANGE_SETS, command.undoes)
    yield Document, (change_set.CHANGE_SET_ROWS, change_set.part_name(command.undoes, command.part))
    yield from change_set.needs_change_set(command.change_id, command.part)
    for row in (
        change_set.read(
            state, change_set.CHANGE_SET_ROWS, change_set.part_name(command.undoes, command.part)
        )
        or ()
    ):
        key = row["key"]
        if "/" in key:
            yield from needs_stock(key)
            yield Level, (key, _location(command, row))
            for account in row.get("moved", ()):
                yield Level, (key, account)
            if "bundle" in row["fields"]:
                yield BundleSales, key
        else:
            yield Product, key


def undo(state: State, command: Undo) -> Answer:
    """Applies an `Undo`."""
    head = change_set.read(state, change_set.CHANGE_SETS, command.undoes)
    rows = change_set.read(
        state, change_set.CHANGE_SET_ROWS, change_set.part_name(command.undoes, command.part)
    )
    if head is None or rows is None:
        return Refused(Code.UNKNOWN_CHANGE, "This change does not exist, or it is too old to undo.")
    if head["undone_by"] not in (None, command.change_id):
        return Refused(
            Code.ALREADY_UNDONE,
            "This change has already been undone.",
            {"undoneBy": head["undone_by"]},
        )
    for sku, on_hand in command.seen:
        if SkuStock.of(sku, state.levels_of(sku)).on_hand != on_hand:
            return Refused(Code.STALE, "Units have moved since.")
    mark = len(state.entries)
    put_back: list[RestoredRow] = []
    failed: list[FailedRestore] = []
    with state.savepoint() as savepoint:
        for row in sorted(rows, key=_goes_off_sale):
            fault = _fault(state, command, row)
            if fault is None:
                put_back.append(RestoredRow(row["key"], _put_back(state, command, row)))
            else:
                failed.append(FailedRestore(row["key"], fault))
        if failed and not (command.partial and put_back):
            savepoint.undo()
            reasons = [{"key": row.key, "reason": row.reason} for row in failed]
            return Refused(Code.CANNOT_UNDO, "It cannot be undone.", {"failed": reasons})
        changed = change_set.changes(state, savepoint.before(), state.entries[mark:])
    change_set.record(state, command, "undo", "", changed, command.undoes)
    change_set.write(
        state, change_set.CHANGE_SETS, command.undoes, {**head, "undone_by": command.change_id}
    )
    return Accepted(UndoAnswer(tuple(put_back), tuple(failed), command.change_id, state.revision))


def _goes_off_sale(row: dict[str, Any]) -> bool:
    """Whether the undo takes it off sale: last, after its units at all locations are gone."""
    return bool(row["fields"].get("archived", [False])[0])


def _fault(state: State, command: Undo, row: dict[str, Any]) -> str | None:
    """The reason why a row cannot be restored, or None."""
    key, fields = row["key"], row["fields"]
    if row["holds"] and not (command.partial and (fields or row["stock"])):
        return "This change created or ended holds. Only the buyers can create them again."
    now = state.get(Item, key) if "/" in key else state.get(Product, key)
    if now is None:
        return "It no longer exists."
    for name, (_, after) in fields.items():
        present = plain(getattr(now, name))
        if present != after:
            if name == "extra":
                return "Fields that the service does not manage were changed again."
            return f"{CALLED.get(name, name)} was changed again. It is now {word(present)}."
    level = state.level(key, _location(command, row))
    if row["stock"]:
        if key in command.counted:
            return f"The stock was counted since: {level.on_hand} on hand."
        if level.on_hand < row["stock"]:
            return f"Only {level.on_hand} on hand, fewer than the {row['stock']} to remove."
        if now.archived and "archived" not in fields:
            return "It is off sale."
    moved = _move_fault(state, command, row)
    if moved is not None:
        return moved
    if fields.get("bundle", [True])[0] is None and sales_of(state, key).held:
        return "Buyers hold bundles of it."
    if "/" in key and fields.get("archived", [None])[0]:
        reserved = SkuStock.of(key, state.levels_of(key)).reserved
        if reserved:
            return f"Buyers hold {units(reserved)} of it."
    return None


def _move_fault(state: State, command: Undo, row: dict[str, Any]) -> str | None:
    """The reason why moved units cannot go back, or None."""
    key = row["key"]
    if row.get("moved") and key in command.counted:
        return "The stock was counted since."
    for account, change in row.get("moved", {}).items():
        free = max(0, state.level(key, account).available)
        if free < change:
            return f"Of the {units(change)} moved to {account}, only {free} can be moved back."
    return None


def _location(command: Undo, row: dict[str, Any]) -> str:
    """The location of a row's units, which earlier versions have not stored."""
    location: str | None = row.get("location")
    return command.location if location is None else location


def _put_back(state: State, command: Undo, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Restores a row, and returns the changes."""
    back = [] if row["fields"].get("archived", [False])[0] else _fields(state, command, row)
    if row["stock"]:
        location = _location(command, row)
        before = state.level(row["key"], location).on_hand
        answer = correct(
            state,
            Adjust(
                sku=row["key"],
                location=location,
                delta=-row["stock"],
                reason="undo",
                actor=command.actor,
                cause=command.change_id,
            ),
        )
        assert isinstance(answer, Accepted), answer
        back.append({"field": "stock", "from": before, "to": before - row["stock"]})
    if row.get("moved"):
        back += _move_back(state, command, row)
    if row["fields"].get("archived", [False])[0]:  # only what is on sale can be adjusted
        back += _fields(state, command, row)
    return back


def _move_back(state: State, command: Undo, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Moves units back, and returns the changes: one for each account."""
    key, changes = row["key"], {account: -change for account, change in row["moved"].items()}
    before = {account: state.level(key, account).on_hand for account in changes}
    leaving_first = tuple(sorted(changes.items(), key=lambda change: change[1]))
    by = replace(command, cause=command.change_id)
    book_move(state, by, key, leaving_first, "undo")
    return [
        {"field": f"stock at {account}", "from": before[account], "to": before[account] + change}
        for account, change in leaving_first
    ]


def _fields(state: State, command: Undo, row: dict[str, Any]) -> list[dict[str, Any]]:
    key, fields = row["key"], row["fields"]
    now = state.get(Item, key) if "/" in key else state.get(Product, key)
    if not fields or now is None:
        return []
    values = restored({name: old for name, (old, _) in fields.items()})
    if isinstance(now, Product):
        state.put(replace(now, **values, updated_at=state.now))
    else:
        if "bundle" in values:  # each change of a bundle has changed its version
            values["bundle"] = next_version(state, now, values["bundle"])
        state.put(replace(now, **values))
    kind = Kind.EDITED
    if "archived" in values:
        kind = Kind.REMOVED if values["archived"] else Kind.ADDED
    undone = {name: (after, old) for name, (old, after) in fields.items()}
    text = in_words(undone, "undo")
    state.book_event(kind, key, command.location, command, reason=text)
    return spelled(undone)
