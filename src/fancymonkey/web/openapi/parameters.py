"""The schemas of parameters in the OpenAPI document."""

from typing import Any

from fancymonkey.core.model import Kind, Status
from fancymonkey.core.stock.status import STATUSES
from fancymonkey.web.admin_api.row_query import SORTS, TEXT_MAX

REPEATED = "repeat for several"
"""The text in the description of a parameter that can be repeated."""

FLAG = {"type": "string", "enum": ["true", "false", "1", "0"]}
TEXT = {"type": "string", "maxLength": TEXT_MAX}
TIME = {"type": "string", "maxLength": TEXT_MAX, "example": "2026-01-31T12:00:00Z"}


def _words(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


def _number(lowest: int, highest: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": lowest, "maximum": highest}


SHAPES: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[!-~]+$",
    },
    "archived": FLAG,
    "asOf": TIME,
    "create": FLAG,
    "days": _number(1, 366),
    "format": _words("json", "csv"),
    "from": TIME,
    "limit": _number(1, 1000),
    "lowStockOnly": FLAG,
    "mode": _words("preview", "apply"),
    "reserved": FLAG,
    "rows": _words("all", "good"),
    "since": TIME,
    "sort": _words(*(way + column for column in SORTS for way in ("", "-"))),
    "template": FLAG,
    "to": TIME,
}
"""Schemas by the name of the parameter."""

OF_PATH: dict[tuple[str, str], dict[str, Any]] = {
    ("/api/admin/export", "format"): _words("csv", "xlsx"),
    ("/api/admin/export", "status"): _words(*STATUSES),
    ("/api/admin/history", "before"): _number(0, 1 << 60),
    ("/api/admin/history", "kind"): _words(*Kind),
    ("/api/admin/holds", "status"): _words(*Status),
    ("/api/admin/inventory", "status"): _words(*STATUSES),
    ("/api/inventory/get", "category"): {"type": "string"},
    ("/api/inventory/get", "productId"): {"type": "string"},
}
"""Schemas by path and name, if the name has another meaning elsewhere."""


def parameter(path: str, name: str, place: str, text: str) -> dict[str, Any]:
    """A parameter in the form of the document."""
    shape = OF_PATH.get((path, name)) or SHAPES.get(name)
    if shape is None:
        shape = TEXT if place == "query" else {"type": "string"}
    if REPEATED in text:
        shape = {"type": "array", "items": shape}
    return {"name": name, "in": place, "description": text, "schema": shape}
