"""Acts: what somebody changed in one go, kept so that it can be undone once, by new entries."""

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from fancymonkey.core.catalogue.field_changes import plain
from fancymonkey.core.command import Command
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import Entry, Item, Kind, Product, Row
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.state import Key, State

CHANGE_SETS = "acts"
"""The folder of what each act was; names sort the newest first."""

CHANGE_SET_ROWS = "act_rows"
"""The folder of what each portion of an act changed."""

KEPT = 90 * DAY_MS
"""How long an act is kept, in ms."""

CORRECTIONS = (Kind.ADDED, Kind.ADJUSTED, Kind.COUNTED, Kind.RECEIVED)
"""What the owner says about the shelf; units that fill backorders by it are sold, and stay so."""

IDENTITY = {"sku", "product_id", "size", "updated_at"}
"""Fields that never change, or that change by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet(Command):
    """Does what a command says, and keeps what that changed under the act's id.

    An act may come in portions, each with its `part`. The answer is that of the command with
    the `act` besides, which is None where nothing changed.
    """

    act_id: str
    action: str
    command: Command
    part: int = 0
    reason: str = ""


def needs_change_set(act_id: str, part: int) -> Iterator[Key]:
    """The rows that keeping a portion reads, besides those of its command."""
    yield Document, (CHANGE_SETS, act_id)
    yield Document, (CHANGE_SET_ROWS, part_name(act_id, part))


def part_name(act_id: str, part: int) -> str:
    """Where the rows of a portion are kept."""
    return f"{act_id}/{part:05}"


def read(state: State, folder: str, name: str) -> Any:
    """What a document says, or None where there is none."""
    found = state.get(Document, (folder, name))
    return None if found is None or not found.body else json.loads(found.body)


def write(state: State, folder: str, name: str, value: Any) -> None:
    """Keeps a value for as long as acts are kept."""
    old = state.get(Document, (folder, name))
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    version = 1 if old is None else old.version + 1
    state.put(Document(folder, name, version, state.now, body, state.now + KEPT))


def kept(
    state: State,
    command: ChangeSet,
    answer: Answer,
    before: Mapping[Key, Row | None],
    entries: Sequence[Entry],
) -> Answer:
    """The answer to an act whose command is done: keeps what changed since `before`."""
    if not isinstance(answer, Accepted):
        return answer
    rows = changes(state, before, entries)
    record(state, command, command.action, command.reason, rows)
    return Accepted({**answer.data, "act": command.act_id if rows else None})


def record(
    state: State,
    command: Command,
    action: str,
    reason: str,
    rows: list[dict[str, Any]],
    undoes: str | None = None,
) -> None:
    """Keeps the rows that a portion of an act changed, and counts them in the act."""
    act_id: str = command.act_id  # type: ignore[attr-defined]  # Act, or Undo
    part: int = command.part  # type: ignore[attr-defined]
    if not rows:
        return
    head = read(state, CHANGE_SETS, act_id) or {
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
    head["undoable"] |= any(row["stock"] or row["fields"] for row in rows)
    head["products"] |= any(beyond_stock(row) for row in rows)
    write(state, CHANGE_SETS, act_id, head)
    write(state, CHANGE_SET_ROWS, part_name(act_id, part), rows)


def beyond_stock(row: Mapping[str, Any]) -> bool:
    """Whether more than stock, threshold, sold out and restock date changed."""
    return not row["fields"].keys() <= {"low_stock_threshold", "sold_out", "restock_date"}


def changes(
    state: State, before: Mapping[Key, Row | None], entries: Iterable[Entry]
) -> list[dict[str, Any]]:
    """What differs from `before`, one row a SKU or product.

    `stock` is by how much the owner changed it, `fields` have the old and new value by name,
    `holds` by how many units holds changed. `key` of a product has no slash.
    """
    found: dict[str, dict[str, Any]] = {}

    def row_of(key: str) -> dict[str, Any]:
        return found.setdefault(key, {"key": key, "stock": 0, "fields": {}, "holds": 0})

    for entry in entries:
        if entry.kind in CORRECTIONS and entry.on_hand:
            row_of(entry.sku)["stock"] += entry.on_hand
        elif entry.reserved:
            row_of(entry.sku)["holds"] += entry.reserved
    for (kind, key), old in before.items():
        if kind in (Product, Item):
            differs = _differs(old, state.get(kind, key), key)
            if differs:
                row_of(str(key))["fields"] = differs
    return list(found.values())


def _differs(old: Any, new: Any, key: Hashable) -> dict[str, list[Any]]:
    """The fields that changed; what is new was archived before, so to speak."""
    if old is None:
        return {"archived": [True, new.archived]}
    return {
        field.name: [plain(getattr(old, field.name)), plain(getattr(new, field.name))]
        for field in fields(new)
        if field.name not in IDENTITY and getattr(old, field.name) != getattr(new, field.name)
    }
