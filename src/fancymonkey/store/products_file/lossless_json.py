"""JSON as a tree that keeps its text, so that a change leaves the rest as the owner wrote it.

The tree contains white space, order, escapes and number literals; a value that is not replaced is
written back byte for byte.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]

from fancymonkey.errors import DataError
from fancymonkey.store.products_file.json_hints import hint

MAX_DEPTH = 64

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_BAD_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(slots=True)
class Leaf:
    """The text of a string, a number, true, false or null. `at` is its offset in the file."""

    text: str
    at: int = 0

    @property
    def string(self) -> str | None:
        """The value of a string, or None for any other kind of value."""
        return json.loads(self.text) if self.text[0] == '"' else None


@dataclass(slots=True)
class Slot:
    """A value in an array or object: white space, key and colon before it, white space after."""

    node: "Node"
    key: str = ""
    name: str = ""
    lead: str = ""
    colon: str = ":"
    after: str = ""


@dataclass(slots=True)
class Branch:
    """An array or an object. `inner` is the white space of an empty one."""

    brackets: str
    slots: list[Slot] = field(default_factory=list)
    inner: str = ""
    at: int = 0

    @property
    def is_object(self) -> bool:
        """Whether this is an object, and not an array."""
        return self.brackets == "{}"

    def get(self, name: str) -> "Node | None":
        """The value of a key, or None."""
        for slot in self.slots:
            if slot.name == name:
                return slot.node
        return None

    def put(self, name: str, node: "Node") -> None:
        """Sets the value of a key; a new key is added at the end."""
        for slot in self.slots:
            if slot.name == name:
                slot.node = node
                return
        self.slots.append(Slot(node, quote(name), name))


Node = Leaf | Branch
NULL = "null"


@dataclass(slots=True)
class Root:
    """A complete text: white space, one value, white space."""

    lead: str
    node: Node
    trail: str


@dataclass(frozen=True, slots=True)
class Style:
    """The layout of new parts. `unit` is one step of indentation; None means on one line."""

    unit: str | None = "  "
    newline: str = "\n"
    colon: str = ": "
    gap: str = " "
    ascii: bool = False


def quote(text: str, *, ascii_only: bool = False) -> str:
    """A string as JSON."""
    return json.dumps(text, ensure_ascii=ascii_only)


def where(text: str, at: int) -> str:
    """The line and column of an offset in a text."""
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - text.rfind(chr(10), 0, at)}"


def parse(text: str, name: str) -> Root:
    """The tree of a text. Raises DataError with line and column."""
    try:
        lead = _space(text, 1 if text.startswith("\ufeff") else 0)
        node, end = _value(text, lead, 0)
        trail = _space(text, end)
        if trail != len(text):
            raise _Bad("there is more text after the end", trail)
    except _Bad as bad:
        problem = f"{bad}{hint(text, bad.at)}"
        raise DataError(f"{name}, {where(text, bad.at)}: {problem}") from None
    return Root(text[:lead], node, text[end:])


class _Bad(Exception):
    def __init__(self, problem: str, at: int) -> None:
        super().__init__(problem)
        self.at = at


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


def _value(text: str, at: int, depth: int) -> tuple[Node, int]:
    first = text[at : at + 1]
    if first == '"':
        _, end = _string(text, at)
        return Leaf(text[at:end], at), end
    if first and first in "{[":
        if depth >= MAX_DEPTH:
            raise _Bad(f"it is nested deeper than {MAX_DEPTH} levels", at)
        return _branch(text, at, depth)
    match = _SCALAR.match(text, at)
    if match is None:
        raise _Bad("a value is expected" if first else "the text ends too early", at)
    return Leaf(match[0], at), match.end()


def _string(text: str, at: int) -> tuple[str, int]:
    try:
        value, end = scanstring(text, at + 1, True)
    except json.JSONDecodeError as error:
        problem = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
        raise _Bad(problem, error.pos) from None
    if _BAD_TEXT.search(value):
        raise _Bad("a text has a NUL or half a surrogate pair in it", at)
    return value, end


def _branch(text: str, at: int, depth: int) -> tuple[Branch, int]:
    is_object = text[at] == "{"
    branch = Branch("{}" if is_object else "[]", at=at)
    names: set[str] = set()
    end = _space(text, at + 1)
    if text[end : end + 1] == branch.brackets[1]:
        branch.inner = text[at + 1 : end]
        return branch, end + 1
    start = at + 1
    while True:
        slot = Slot(Leaf(NULL), lead=text[start:end], colon="")
        branch.slots.append(slot)
        if is_object:
            end = _key(text, end, slot)
            if slot.name in names:
                raise _Bad(f"the key {slot.key} appears twice", end)
            names.add(slot.name)
        slot.node, end = _value(text, end, depth + 1)
        start, end = end, _space(text, end)
        slot.after = text[start:end]
        mark = text[end : end + 1]
        if mark == branch.brackets[1]:
            return branch, end + 1
        if mark != ",":
            raise _Bad(
                f"a comma or {branch.brackets[1]} is expected"
                if mark
                else "the text ends too early",
                end,
            )
        start, end = end + 1, _space(text, end + 1)


def _key(text: str, at: int, slot: Slot) -> int:
    if text[at : at + 1] != '"':
        raise _Bad("a key in double quotes is expected", at)
    slot.name, end = _string(text, at)
    slot.key = text[at:end]
    colon = _space(text, end)
    if text[colon : colon + 1] != ":":
        raise _Bad("a colon is expected", colon)
    start = _space(text, colon + 1)
    slot.colon = text[end:start]
    return start


def text_of(node: Node) -> str:
    """The text of a tree."""
    return "".join(_pieces(node))


def _pieces(node: Node) -> Iterator[str]:
    if isinstance(node, Leaf):
        yield node.text
        return
    yield node.brackets[0]
    if not node.slots:
        yield node.inner
    for number, slot in enumerate(node.slots):
        if number:
            yield ","
        yield slot.lead
        if node.is_object:
            yield slot.key
            yield slot.colon
        yield from _pieces(slot.node)
        yield slot.after
    yield node.brackets[1]


def compact(node: Node) -> Node:
    """The same value on one line without white space, and strings without unneeded escapes."""
    if isinstance(node, Leaf):
        string = node.string
        return node if string is None else Leaf(quote(string))
    slots = [
        Slot(compact(slot.node), quote(slot.name) if node.is_object else "", slot.name)
        for slot in node.slots
    ]
    return Branch(node.brackets, slots)


def style_of(text: str, start: int) -> Style:
    """The layout of a text whose value begins at `start`."""
    only_escapes = text.isascii() and "\\u" in text
    inner = _space(text, start + 1)
    if text[inner : inner + 1] in ("", "]", "}"):
        return Style(ascii=only_escapes)
    lead = text[start + 1 : inner]
    colons = re.search(r'"(\s*:\s*)', text)
    gap = re.search(r'[\]}"0-9el],( *)(?=\S)', text)
    return Style(
        lead.rpartition("\n")[2] if "\n" in lead else None,
        "\r\n" if "\r\n" in lead else "\n",
        colons[1] if colons is not None and "\n" not in colons[1] else ": ",
        gap[1] if gap is not None else "",
        only_escapes,
    )


def lay_out(node: Node, style: Style, depth: int) -> Node:
    """The same value as new text in this style, indented by `depth` steps."""
    if isinstance(node, Leaf):
        string = node.string
        return node if string is None else Leaf(quote(string, ascii_only=style.ascii))
    branch = Branch(node.brackets)
    for number, slot in enumerate(node.slots):
        key = quote(slot.name, ascii_only=style.ascii) if node.is_object else ""
        inner = lay_out(slot.node, style, depth + 1)
        lead = line_lead(style, depth + 1) if style.unit is not None else style.gap
        if style.unit is None and not number:
            lead = ""
        branch.slots.append(Slot(inner, key, slot.name, lead, style.colon))
    if branch.slots and style.unit is not None:
        branch.slots[-1].after = line_lead(style, depth)
    return branch


def line_lead(style: Style, depth: int) -> str:
    """The line break and the indentation of a line."""
    return style.newline + (style.unit or "") * depth


def merge(old: Node, new: Node, style: Style, depth: int) -> Node:
    """The value of `new`, with the text of `old` wherever both have the same value."""
    if isinstance(old, Leaf) and isinstance(new, Leaf):
        if old.text == new.text or (old.string is not None and old.string == new.string):
            return old
    elif isinstance(old, Branch) and isinstance(new, Branch) and old.brackets == new.brackets:
        if old.is_object:
            merged = _merge_object(old, new, style, depth)
            if merged is not None:
                return merged
        elif len(old.slots) == len(new.slots):
            for slot, wanted in zip(old.slots, new.slots, strict=True):
                slot.node = merge(slot.node, wanted.node, style, depth + 1)
            return old
    return lay_out(new, style, depth)


def _merge_object(old: Branch, new: Branch, style: Style, depth: int) -> Branch | None:
    """`old` with the keys and values of `new`, or None if their order differs."""
    have = {slot.name: slot for slot in old.slots}
    names = [slot.name for slot in new.slots]
    common = [name for name in names if name in have]
    if common != [slot.name for slot in old.slots if slot.name in set(names)] or not common:
        return None if old.slots or new.slots else old
    last = old.slots[-1]
    end, last.after = last.after, ""
    slots = []
    for wanted in new.slots:
        slot = have.get(wanted.name)
        if slot is not None:
            slot.node = merge(slot.node, wanted.node, style, depth + 1)
        else:
            lead = last.lead or (style.gap if style.unit is None else " ")
            key = quote(wanted.name, ascii_only=style.ascii)
            node = lay_out(wanted.node, style, depth + 1)
            slot = Slot(node, key, wanted.name, lead, last.colon)
        slots.append(slot)
    if slots[0].name != old.slots[0].name:
        slots[0].lead, old.slots[0].lead = old.slots[0].lead, last.lead or slots[0].lead
    slots[-1].after = end
    old.slots = slots
    return old
