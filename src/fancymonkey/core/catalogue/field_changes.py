"""Fields of rows: their public names, and their changes as text."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from fancymonkey.core.item_parts import SafetyStock

WIRE = {
    "low_stock_threshold": "lowStockThreshold",
    "sold_out": "soldOut",
    "restock_date": "restockDate",
    "safety_stock": "safetyStock",
    "sku_id": "skuId",
    "price_id": "priceId",
}
"""The public names of fields; the others have the same name."""

CALLED = {
    "low_stock_threshold": "The threshold",
    "sold_out": "“Sold out”",
    "restock_date": "The restock date",
    "safety_stock": "The safety stock",
    "sku_id": "The SKU id",
    "price_id": "The Stripe price",
    "price": "The price",
    "name": "The name",
    "category": "The category",
    "position": "The place in the list",
    "archived": "“Off sale”",
}
"""The names of fields in messages."""


def plain(value: Any) -> Any:
    """The value of a field in JSON: a price is a text, a value with parts the list of them."""
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    if is_dataclass(value):
        return [plain(getattr(value, part.name)) for part in fields(value)]
    return str(value) if isinstance(value, Decimal) else value


def restored(name: str, value: Any) -> Any:
    """The value of a field that `plain` has made JSON of."""
    if name == "price" and value is not None:
        return Decimal(value)
    if name == "safety_stock":
        return tuple(SafetyStock(*row) for row in value)
    return value


def spelled(changes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Old and new values, each as `field`, `from`, `to`; the owner's own fields one by one."""
    found: list[dict[str, Any]] = []
    for name, (old, new) in changes.items():
        if name == "extra":
            before, after = json.loads(old), json.loads(new)
            found += [
                {"field": key, "from": before.get(key), "to": after.get(key)}
                for key in [*before, *(key for key in after if key not in before)]
                if before.get(key) != after.get(key)
            ]
        else:
            found.append({"field": WIRE.get(name, name), "from": plain(old), "to": plain(new)})
    return found


def in_words(changes: Mapping[str, Sequence[Any]], reason: str = "") -> str:
    """The changes as a line for the ledger."""
    text = "; ".join(
        f"{one['field']} {word(one['from'])} → {word(one['to'])}" for one in spelled(changes)
    )
    return (f"{reason}: {text}" if reason and text else reason or text)[:500]


def word(value: Any) -> str:
    """A value as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(" ".join(map(str, row)) for row in value) or "none"
    return "none" if value in (None, "") else str(value)
