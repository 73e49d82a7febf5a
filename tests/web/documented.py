"""The examples of the OpenAPI document, as the app itself serves it."""

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

from fancymonkey.engine.engine import Engine
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.app import create_app

REF = "#/components/schemas/"
JSON = "application/json"


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document. Do not change it."""
    document: dict[str, Any] = create_app(Settings(), Engine(MemoryStore())).api.openapi()
    return document


def operations(of: dict[str, Any] | None = None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation."""
    for path, methods in (of or document())["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def example_of(content: dict[str, Any]) -> Any:
    """The example of a JSON body, at the body itself or at its type; None without one."""
    media = content.get(JSON, {})
    schema = media.get("schema", {})
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].removeprefix(REF)]
    return copy.deepcopy(media.get("example", schema.get("example")))


def requests(*tags: str) -> dict[str, Any]:
    """An example of each JSON body, by the operation's id; of these tags, or of all."""
    return {
        operation["operationId"]: example_of(operation["requestBody"]["content"])
        for _, _, operation in operations()
        if JSON in operation.get("requestBody", {}).get("content", {})
        and (not tags or set(operation["tags"]) & set(tags))
    }


def answers(*tags: str) -> dict[str, Any]:
    """An example of each JSON answer with status 200, by the operation's id."""
    return {
        operation["operationId"]: example_of(operation["responses"]["200"]["content"])
        for _, _, operation in operations()
        if JSON in operation["responses"]["200"].get("content", {})
        and (not tags or set(operation["tags"]) & set(tags))
    }


def differs(value: Any, sample: Any, place: str = "") -> list[str]:
    """The places where names or kinds differ; a text may be null, and a list may be empty."""
    if isinstance(sample, dict) and isinstance(value, dict):
        names = [f"{place}.{name}" for name in value.keys() ^ sample.keys()]
        both = value.keys() & sample.keys()
        return names + [
            part for name in both for part in differs(value[name], sample[name], f"{place}.{name}")
        ]
    if isinstance(sample, list) and isinstance(value, list):
        return [part for row in value for part in differs(row, sample[0], f"{place}[]")]
    kinds = {type(part) for part in (value, sample)} - {type(None)}
    return [] if len(kinds) < 2 else [place]
