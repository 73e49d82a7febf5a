"""Decodes Stripe's nested form values: `line_items[0][price]=price_1`."""

import re
from typing import Any
from urllib.parse import parse_qsl

FIELDS_MAX = 2000
DEPTH_MAX = 8

_PARTS = re.compile(r"\[([^\[\]]*)\]")


def decode(body: bytes) -> dict[str, Any]:
    """The values of a form or a query. Raises ValueError if it is malformed."""
    values: dict[str, Any] = {}
    text = body.decode("utf-8")
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX):
        head, bracket, tail = name.partition("[")
        parts = [head, *_PARTS.findall(bracket + tail)]
        if len(parts) > DEPTH_MAX:
            raise ValueError("too deep")
        _put(values, parts, value)
    listed = _lists(values)
    assert isinstance(listed, dict)
    return listed


def _put(into: dict[str, Any], parts: list[str], value: str) -> None:
    for part in parts[:-1]:
        inner = into.setdefault(part or str(len(into)), {})
        if not isinstance(inner, dict):
            raise ValueError(f"{part} is a value and an object")
        into = inner
    last = parts[-1] or str(len(into))
    if isinstance(into.get(last), dict):
        raise ValueError(f"{last} is a value and an object")
    into[last] = value


def _lists(value: Any) -> Any:
    """The value with each object named 0, 1, 2 … converted to a list."""
    if not isinstance(value, dict):
        return value
    if value and all(name.isascii() and name.isdigit() and len(name) < 6 for name in value):
        return [_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _lists(inner) for name, inner in value.items()}
