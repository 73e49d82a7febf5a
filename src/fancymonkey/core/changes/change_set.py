"""Change sets: the changes of one request, stored so that new entries can undo them once."""

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from fancymonkey.core.catalogue.field_changes import plain
from fancymonkey.core.command import Command
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.documents.document import Document
from fancymonkey.core.group_answers import ChangeSetAnswer
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Entry, Item, Kind, Product, Row
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.state import Key, State

CHANGE_SETS = "acts"
"""The folder of the change sets; their names sort the newest first."""

CHANGE_SET_ROWS = "act_rows"
"""The folder of the rows that each portion of a change set changed."""

KEPT = 90 * DAY_MS
"""The time for which a change set is stored, in ms."""

CORRECTIONS = (Kind.ADDED, Kind.ADJUSTED, Kind.COUNTED, Kind.RECEIVED, Kind.ASSEMBLED)
"""Counts and corrections of the owner. An undo leaves backorders that they filled as sold."""

IDENTITY = {"sku", "product_id", "size", "updated_at"}
"""Fields that an undo does not restore: they never change, or change by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet(Command):
    """Runs a command, and stores the rows that it changed under the id of the change set.

    A change set may come in portions, each with its `part`. The answer is a `ChangeSetAnswer`.
    """

    change_id: str
    action: str
    command: Command
    part: int = 0
    reason: str = ""


def needs_change_set(change_id: str, part: int) -> Iterator[Key]:
    """The rows that storing a portion reads, in addition to those of its command."""
    yield Document, (CHANGE_SETS, change_id)
    yield Document, (CHANGE_SET_ROWS, part_name(change_id, part))


def part_name(change_id: str, part: int) -> str:
    """The name of the document with the rows of a portion."""
    return f"{change_id}/{part:05}"


def read(state: State, folder: str, name: str) -> Any:
    """The content of a document, or None if there is none."""
    document = state.get(Document, (folder, name))
    return None if document is None or not document.body else json.loads(document.body)


def write(state: State, folder: str, name: str, value: Any) -> None:
    """Stores a value for as long as change sets are stored."""
    old = state.get(Document, (folder, name))
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    version = 1 if old is None else old.version + 1
    state.put(Document(folder, name, version, state.now, body, state.now + KEPT))


def store_change_set(
    state: State,
    command: ChangeSet,
    answer: Answer,
    before: Mapping[Key, Row | None],
    entries: Sequence[Entry],
) -> Answer:
    """Stores the rows that a command changed since `before`, and returns its answer."""
    if not isinstance(answer, Accepted):
        return answer
    rows = changes(state, before, entries)
    record(state, command, command.action, command.reason, rows)
    return Accepted(ChangeSetAnswer(answer.data, command.change_id if rows else None))


def record(
    state: State,
    command: Command,
    action: str,
    reason: str,
    rows: list[dict[str, Any]],
    undoes: str | None = None,
) -> None:
    """Stores the rows that a portion changed, and counts them in its change set."""
    change_id: str = command.change_id  # type: ignore[attr-defined]  # ChangeSet, or Undo
    part: int = command.part  # type: ignore[attr-defined]
    if not rows:
        return
    head = read(state, CHANGE_SETS, change_id) or {
        "at": state.now,
        "actor": command.actor,
        "action": action,
        "reason": reason,
        "changed": 0,
        "parts": 0,
        "revision": state.revision,
        "undoable": False,
        "products": False,
        "undone_by": None,
        "undoes": undoes,
    }
    head["changed"] += len(rows)
    head["parts"] = max(head["parts"], part + 1)
    head["undoable"] |= any(row["stock"] or row["fields"] or row.get("moved") for row in rows)
    head["products"] |= any(beyond_stock(row) for row in rows)
    write(state, CHANGE_SETS, change_id, head)
    write(state, CHANGE_SET_ROWS, part_name(change_id, part), rows)


def beyond_stock(row: Mapping[str, Any]) -> bool:
    """Whether more than stock, threshold, sold out and restock date changed."""
    return not row["fields"].keys() <= {"low_stock_threshold", "sold_out", "restock_date"}


def changes(
    state: State, before: Mapping[Key, Row | None], entries: Iterable[Entry]
) -> list[dict[str, Any]]:
    """The differences from `before`: a row for each product, and for each SKU and location.

    `location` is where units moved, or None. `stock` is by how much the owner changed it, `fields`
    have the old and new value by name, `holds` by how many units holds changed. `moved` has the
    change of each account between which units were moved. `key` of a product has no slash.
    """
    rows: dict[tuple[str, str | None], dict[str, Any]] = {}
    first: dict[str, dict[str, Any]] = {}

    def row_of(key: str, location: str | None) -> dict[str, Any]:
        new: dict[str, Any] = {
            "key": key,
            "location": location,
            "stock": 0,
            "fields": {},
            "holds": 0,
        }
        row = rows.setdefault((key, location), new)
        first.setdefault(key, row)
        return row

    for entry in entries:
        if entry.kind in CORRECTIONS and entry.on_hand:
            row_of(entry.sku, entry.location)["stock"] += entry.on_hand
        elif entry.kind is Kind.MOVED:
            moved = row_of(entry.sku, None).setdefault("moved", {})
            moved[entry.location] = moved.get(entry.location, 0) + entry.on_hand
        elif entry.reserved:
            row_of(entry.sku, entry.location)["holds"] += entry.reserved
    for (kind, key), old in before.items():
        if kind in (Product, Item):
            differs = _differs(old, state.get(kind, key), key)
            if differs:
                row = first.get(str(key)) or row_of(str(key), None)
                row["fields"] = differs
    return list(rows.values())


def _differs(old: Any, new: Any, key: Hashable) -> dict[str, list[Any]]:
    """The fields that changed. A new row counts as archived before."""
    if old is None:
        return {"archived": [True, new.archived]}
    return {
        field.name: [plain(getattr(old, field.name)), plain(getattr(new, field.name))]
        for field in fields(new)
        if field.name not in IDENTITY and getattr(old, field.name) != getattr(new, field.name)
    }
