"""Reads the values of fields of products.json, and reports values that are not valid."""

import json
from dataclasses import dataclass
from decimal import Decimal

from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.dates import DATE_FORMAT, iso_date
from fancymonkey.core.model import MAX_QUANTITY
from fancymonkey.errors import DataError
from fancymonkey.store.products_file.fields.bundle_faults import fault_at, unknown_name
from fancymonkey.store.products_file.fields.bundle_json import NOT_VALID, read_definition
from fancymonkey.store.products_file.lossless_json import NULL, Branch, Leaf, Node, text_of, where

_MAX_DIGITS = 15


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads fields of one text. `who` is the owner of the nodes, for messages.

    Each reader raises DataError with the place of a value that is not valid.
    """

    name: str
    text: str
    who: str = ""
    lenient: bool = False

    def error(self, problem: str, node: Node) -> DataError:
        """The error of a node, with its place."""
        about = f"{self.who}: " if self.who else ""
        return DataError(f"{self.name}, {where(self.text, node.at)}: {about}{problem}")

    def about(self, who: str) -> "FieldReader":
        """The same, for the fields of another owner."""
        return FieldReader(self.name, self.text, who, self.lenient)

    def field(self, owner: Branch, name: str) -> Node | None:
        """The value of a field; None if it is missing or null."""
        node = owner.get(name)
        return None if isinstance(node, Leaf) and node.text == NULL else node

    def string(self, owner: Branch, name: str) -> str | None:
        """A text; None if it is missing or null."""
        node = self.field(owner, name)
        if node is None:
            return None
        text = node.string if isinstance(node, Leaf) else None
        if text is None:
            raise self.error(f"{name} must be a text in double quotes", node)
        return text

    def whole(self, owner: Branch, name: str, default: int, most: int = MAX_QUANTITY) -> int:
        """A whole number from 0 to `most`."""
        node = self.field(owner, name)
        if node is None:
            return default
        text = node.text if isinstance(node, Leaf) else ""
        digits = text.removeprefix("-")
        if not digits.isdecimal() or len(digits) > _MAX_DIGITS:
            raise self.error(f"{name} must be a whole number", node)
        value = int(text)
        if not 0 <= value <= most:
            raise self.error(f"{name} must be from 0 to {most}, not {value}", node)
        return value

    def switch(self, owner: Branch, name: str) -> bool:
        """A boolean; false if it is missing or null."""
        node = self.field(owner, name)
        if node is None:
            return False
        if not isinstance(node, Leaf) or node.text not in ("true", "false"):
            raise self.error(f"{name} must be true or false", node)
        return node.text == "true"

    def date(self, owner: Branch, name: str) -> str | None:
        """A date or time; None if it is missing, null or empty."""
        text = self.string(owner, name)
        if text is None or not text.strip():
            return text if self.lenient else None
        try:
            return iso_date(text)
        except ValueError:
            if self.lenient:
                return text
            node = owner.get(name)
            assert node is not None
            raise self.error(f"{name} must be {DATE_FORMAT}", node) from None

    def bundle(self, owner: Branch) -> Definition | None:
        """The definition of a bundle; None if it is missing or null."""
        node = self.field(owner, "bundle")
        if node is None:
            return None
        if unknown := unknown_name(node):
            raise self.error(f"{NOT_VALID}{unknown[1]}", unknown[0])
        try:
            return read_definition(json.loads(text_of(node)))
        except ValueError as error:
            problem = str(error).removeprefix(NOT_VALID)
            place, words = fault_at(node, problem.removesuffix("."))
            raise self.error(f"{NOT_VALID}{words}", place) from None

    def price(self, owner: Branch) -> Decimal | None:
        """A price; None if it is missing or null."""
        node = self.field(owner, "price")
        if node is None:
            return None
        price = price_of(node)
        if price is None:
            raise self.error("price must be a number of 0 or more", node)
        return price


def price_of(node: Node) -> Decimal | None:
    """The price of a number, or None if it is not a valid price."""
    if not isinstance(node, Leaf) or not node.text[:1].isdecimal() or len(node.text) > 40:
        return None
    price = Decimal(node.text)
    if price.adjusted() > _MAX_DIGITS or int(price.as_tuple().exponent) < -_MAX_DIGITS:
        return None
    return price
