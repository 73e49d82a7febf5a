"""The definition of a bundle as the text of one cell: written, and read back.

`2 x tee/M + 1 x cap/ONE SIZE; choose 2 of Socks: sock/S up to 2 | sock/M; policy split`

Clauses are separated by `;`. The first has the fixed parts, the others groups and rules. A part
may end with `keep 3`, the units of it that stay for single sale. A key or a name that contains
a separator is in double quotes, with a quote inside doubled.
"""

import re
from collections.abc import Callable
from typing import Any

from fancymonkey.core.bundles.definition import Definition, fault_of
from fancymonkey.core.item_parts import Bundle, BundlePolicy, ChoiceGroup, Component
from fancymonkey.core.model import MAX_QUANTITY
from fancymonkey.timestamps import in_ms, iso

NO_BUNDLE = "none"
"""The text that makes a bundle an ordinary size again."""

EXAMPLE = "2 x tee/M + 1 x cap/ONE SIZE"

_SPECIAL = re.compile(r'["+|;:]|[^\S ]|^ | $|  | (?:keep|up to) |^$')
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_PART = re.compile(r"(?:([0-9]{1,30})\s*[x×*]\s+)?(.+?)(?:\s+keep\s+([0-9]{1,30}))?", re.I)
_OPTION = re.compile(r"(.+?)(?:\s+up to\s+([0-9]{1,30}))?(?:\s+keep\s+([0-9]{1,30}))?", re.I)
_GROUP = re.compile(r"choose\s+([0-9]{1,30})\s+of\s+(.+?)\s*:\s*(.*)", re.I | re.S)
_RULES = {
    "policy": re.compile(r"policy\s+(\S+)", re.I),
    "max_per_order": re.compile(r"(?:at )?most\s+([0-9]{1,30})\s+per order", re.I),
    "max_sold": re.compile(r"(?:at )?most\s+([0-9]{1,30})\s+(?:sold|in all)", re.I),
    "sold_from": re.compile(r"sold from\s+(\S+)", re.I),
    "sold_until": re.compile(r"sold until\s+(\S+)", re.I),
}


def bundle_text(definition: Definition | None) -> str:
    """The text of a definition; empty for an ordinary size."""
    if definition is None:
        return ""
    fixed = [part for part in definition.components if not part.group]
    clauses = [" + ".join(f"{part.quantity} x {_key(part)}" for part in fixed)] if fixed else []
    for group in definition.groups:
        options = [part for part in definition.components if part.group == group.name]
        listed = " | ".join(_option(part) for part in options)
        clauses.append(f"choose {group.choose} of {_quoted(group.name)}: {listed}")
    rules = definition.bundle
    if rules.policy is not BundlePolicy.TOGETHER:
        clauses.append(f"policy {rules.policy}")
    if rules.max_per_order is not None:
        clauses.append(f"at most {rules.max_per_order} per order")
    if rules.max_sold is not None:
        clauses.append(f"at most {rules.max_sold} sold")
    if rules.sold_from is not None:
        clauses.append(f"sold from {iso(rules.sold_from)}")
    if rules.sold_until is not None:
        clauses.append(f"sold until {iso(rules.sold_until)}")
    return "; ".join(clauses)


def _key(part: Component) -> str:
    return _quoted(part.sku) + (f" keep {part.keep}" if part.keep else "")


def _option(part: Component) -> str:
    most = f" up to {part.quantity}" if part.quantity > 1 else ""
    return _quoted(part.sku) + most + (f" keep {part.keep}" if part.keep else "")


def _quoted(text: str) -> str:
    if not _SPECIAL.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def read_bundle(text: str) -> Definition | None:
    """The definition that a text describes; None for an ordinary size. Raises ValueError."""
    if not text.strip() or text.strip().casefold() == NO_BUNDLE:
        return None
    cell = _Cell(text)
    definition = cell.read()
    fault = fault_of(definition)
    if fault is not None:
        raise ValueError(f"a valid bundle: {fault}")
    return definition


class _Cell:
    """Reads one cell. Marks replace quoted texts first, so that no separator is inside."""

    def __init__(self, text: str) -> None:
        self._texts: list[str] = []
        self._text = " ".join(_QUOTED.sub(self._mark, text).split())
        self._parts: list[Component] = []
        self._groups: list[ChoiceGroup] = []
        self._rules: dict[str, Any] = {}

    def _mark(self, match: re.Match[str]) -> str:
        self._texts.append(match[1].replace('""', '"'))
        return f"\x00{len(self._texts) - 1}\x01"

    def _plain(self, text: str) -> str:
        text = text.strip()
        return re.sub("\x00([0-9]+)\x01", lambda match: self._texts[int(match[1])], text)

    def read(self) -> Definition:
        if '"' in self._text:
            raise ValueError("a bundle: a double quote is not closed")
        for clause in self._text.split(";"):
            if clause.strip():
                self._clause(clause.strip())
        rules = {"policy": BundlePolicy.TOGETHER, **self._rules}
        bundle = Bundle(
            0,
            rules["policy"],
            rules.get("sold_from"),
            rules.get("sold_until"),
            rules.get("max_per_order"),
            rules.get("max_sold"),
        )
        return Definition(bundle, tuple(self._parts), tuple(self._groups))

    def _clause(self, clause: str) -> None:
        group = _GROUP.fullmatch(clause)
        if group is not None:
            name = self._plain(group[2])
            self._groups.append(ChoiceGroup(name, int(group[1])))
            for option in group[3].split("|"):
                self._option(option.strip(), name)
            return
        for name, pattern in _RULES.items():
            rule = pattern.fullmatch(clause)
            if rule is not None:
                if name in self._rules:
                    raise ValueError(f"a bundle: {self._plain(clause)!r} is there twice")
                self._rules[name] = _value(name, rule[1])
                return
        for part in clause.split("+"):
            self._part(part.strip())

    def _part(self, text: str) -> None:
        match = _PART.fullmatch(text)
        if match is None or "/" not in self._plain(match[2]):
            raise self._unclear(text)
        keep = int(match[3] or 0)
        self._parts.append(Component(self._plain(match[2]), int(match[1] or 1), keep=keep))

    def _option(self, text: str, group: str) -> None:
        match = _OPTION.fullmatch(text)
        if match is None or "/" not in self._plain(match[1]):
            raise self._unclear(text)
        sku, most, keep = self._plain(match[1]), int(match[2] or 1), int(match[3] or 0)
        self._parts.append(Component(sku, most, group, keep))

    def _unclear(self, text: str) -> ValueError:
        return ValueError(f"a bundle: {self._plain(text)[:80]!r} is not clear; write {EXAMPLE}")


def _value(name: str, text: str) -> Any:
    parse: dict[str, Callable[[str], Any]] = {"policy": _policy, "sold_from": _time}
    parse["sold_until"] = _time
    return parse.get(name, _number)(text)


def _number(text: str) -> int:
    if not 1 <= int(text) <= MAX_QUANTITY:
        raise ValueError(f"a bundle: {text} is not from 1 to {MAX_QUANTITY}")
    return int(text)


def _policy(text: str) -> BundlePolicy:
    try:
        return BundlePolicy(text.lower())
    except ValueError:
        raise ValueError(f"a bundle: its policy is together or split, not {text[:80]!r}") from None


def _time(text: str) -> int:
    try:
        at = in_ms(text)
    except (ValueError, OverflowError):
        at = -1
    if not 0 <= at < 2**53:
        raise ValueError(f"a bundle: {text[:80]!r} is not a time such as 2026-12-01T09:00Z")
    return at
