"""Finds the place of a mistake in the definition of a bundle, and describes it."""

import re

from fancymonkey.store.products_file.fields.field_names import intended
from fancymonkey.store.products_file.lossless_json import Branch, Node

_BUNDLE = ("policy", "components", "groups", "soldFrom", "soldUntil", "maxPerOrder", "maxSold")
_PART = ("productId", "size", "quantity", "keep")
_OPTION = ("productId", "size", "max", "keep")
_GROUP = ("name", "choose", "options")
_LISTS = {"components": _PART, "groups": _GROUP, "options": _OPTION}
_OF_SERVICE = "version"
"""Only the service sets it; it may stand in a definition that was copied from an answer."""

_STEP = re.compile(r"\.(\w+)|\[([0-9]+)\]")
_EXPECTED = re.compile(r"Expected `(\w+)(?: \| null)?`(?: (>=|<=|of length >=) ([0-9]+))?.*")
_KINDS = {
    "int": "a whole number",
    "str": "a text in double quotes",
    "array": "a list",
    "object": "an object",
}
_BOUNDS = {">=": "from {}", "<=": "up to {}", "of length >=": "with at least {}"}


def unknown_name(node: Node) -> tuple[Node, str] | None:
    """The first field that a bundle does not have, and the text about it; or None."""
    if not isinstance(node, Branch):
        return None
    return _unknown(node, _BUNDLE if node.is_object else _PART)


def _unknown(node: Branch, known: tuple[str, ...]) -> tuple[Node, str] | None:
    for slot in node.slots:
        if node.is_object and slot.name not in (*known, _OF_SERVICE):
            near = intended(slot.name, known)
            more = f"probably {near} is meant" if near else f"it has {', '.join(known)}"
            return slot.node, f"{slot.name} is not a field there; {more}"
        inner = _LISTS.get(slot.name, known) if node.is_object else known
        if isinstance(slot.node, Branch) and (found := _unknown(slot.node, inner)):
            return found
    return None


def fault_at(node: Node, problem: str) -> tuple[Node, str]:
    """The part of a bundle that a reader's `problem` is about, and the problem in words."""
    text, _, path = problem.partition(" - at `$")
    steps = _STEP.findall(path)
    if isinstance(node, Branch) and not node.is_object and steps[:1] == [("components", "")]:
        steps = steps[1:]  # a list is short for its components
    name = next((field for field, _ in reversed(steps) if field), "it")
    for field, index in steps:
        inner = _inner(node, field, index)
        if inner is None:
            break
        node = inner
    return node, _in_words(name, text)


def _inner(node: Node, field: str, index: str) -> Node | None:
    if not isinstance(node, Branch):
        return None
    if field:
        return node.get(field)
    place = int(index)
    return node.slots[place].node if place < len(node.slots) else None


def _in_words(name: str, text: str) -> str:
    if match := re.fullmatch(r"Object missing required field `(\w+)`", text):
        return f"{match[1]} is missing"
    match = _EXPECTED.fullmatch(text)
    if match is None or match[1] not in _KINDS:
        return text
    bound = f" {_BOUNDS[match[2]].format(match[3])}" if match[2] else ""
    return f"{name} must be {_KINDS[match[1]]}{bound}"
