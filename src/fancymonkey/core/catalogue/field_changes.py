"""Fields of rows: their public names, and their changes as text."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from typing import Any

from fancymonkey.core.item_parts import Bundle, BundlePolicy, ChoiceGroup, Component, SafetyStock

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
    "bundle": "The bundle",
    "components": "The parts of the bundle",
    "groups": "The choices of the bundle",
}
"""The names of fields in messages."""


def plain(value: Any) -> Any:
    """The value of a field in JSON: a price is a text, the parts of a bundle are objects."""
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value) if isinstance(value, Decimal) else value


def restored(values: dict[str, Any]) -> dict[str, Any]:
    """The values of fields, restored from the form that `plain` returns."""
    fields = dict(values)
    if fields.get("price") is not None:
        fields["price"] = Decimal(fields["price"])
    for name, kind in (
        ("components", Component),
        ("groups", ChoiceGroup),
        ("safety_stock", SafetyStock),
    ):
        if name in fields:
            fields[name] = tuple(kind(**part) for part in fields[name])
    if fields.get("bundle") is not None:
        policy = BundlePolicy(fields["bundle"]["policy"])
        fields["bundle"] = Bundle(**{**fields["bundle"], "policy": policy})
    return fields


def spelled(changes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Old and new values, each as `field`, `from`, `to`; the owner's own fields one by one."""
    rows: list[dict[str, Any]] = []
    for name, (old, new) in changes.items():
        if name == "extra":
            before, after = json.loads(old), json.loads(new)
            rows += [
                {"field": key, "from": before.get(key), "to": after.get(key)}
                for key in [*before, *(key for key in after if key not in before)]
                if before.get(key) != after.get(key)
            ]
        else:
            rows.append({"field": WIRE.get(name, name), "from": plain(old), "to": plain(new)})
    return rows


def in_words(changes: Mapping[str, Sequence[Any]], reason: str = "") -> str:
    """The changes as a line for the ledger."""
    text = "; ".join(
        f"{change['field']} {word(change['from'])} → {word(change['to'])}"
        for change in spelled(changes)
    )
    return (f"{reason}: {text}" if reason and text else reason or text)[:500]


def word(value: Any) -> str:
    """A value as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(word, value)) or "none"
    if isinstance(value, dict):
        return " ".join(word(part) for part in value.values() if part not in (None, ""))
    return "none" if value in (None, "") else str(value)
