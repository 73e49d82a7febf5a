"""The definition of a bundle as JSON: in `products.json`, over HTTP and on the command line.

A list is a bundle of fixed parts. An object has `components` or `groups`, and the other rules.
"""

import json
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from fancymonkey.core.bundles.definition import Definition, definition_of, fault_of
from fancymonkey.core.item_parts import Bundle, BundlePolicy, ChoiceGroup, Component
from fancymonkey.core.model import MAX_QUANTITY, Item, sku_of, split_sku
from fancymonkey.store.products_file.lossless_json import NULL, Leaf, Node, parse, text_of
from fancymonkey.timestamps import in_ms, iso

NOT_VALID = "a bundle is not valid: "
"""Begins the text of every error of a definition."""

SkuOf = Callable[[str, str], str]
Id = Annotated[str, Meta(min_length=1, max_length=200)]
Count = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
Units = Annotated[int, Meta(ge=0, le=MAX_QUANTITY)]


class _Part(Struct, rename="camel", forbid_unknown_fields=True):
    product_id: Id
    size: Id
    quantity: Count = 1
    keep: Units = 0


class _Option(Struct, rename="camel", forbid_unknown_fields=True):
    product_id: Id
    size: Id
    max: Count = 1
    keep: Units = 0


class _GroupNode(Struct, rename="camel", forbid_unknown_fields=True):
    name: Id
    choose: Count
    options: Annotated[list[_Option], Meta(min_length=1)]


class _Bundle(Struct, rename="camel", forbid_unknown_fields=True):
    policy: BundlePolicy = BundlePolicy.TOGETHER
    components: list[_Part] = []
    groups: list[_GroupNode] = []
    sold_from: str | None = None
    sold_until: str | None = None
    max_per_order: Count | None = None
    max_sold: Count | None = None
    version: int | UnsetType = UNSET
    """The version in an answer. Only the service sets it."""


def read_definition(value: Any, sku: SkuOf = sku_of) -> Definition:
    """The definition that a JSON value describes. Raises ValueError with the reason."""
    if isinstance(value, list):
        value = {"components": value}
    try:
        bundle = msgspec.convert(value, _Bundle)
    except msgspec.ValidationError as error:
        raise ValueError(f"{NOT_VALID}{error}") from None
    parts = [
        Component(_key(sku, part), part.quantity, keep=part.keep) for part in bundle.components
    ]
    for group in bundle.groups:
        parts += [
            Component(_key(sku, option), option.max, group.name, option.keep)
            for option in group.options
        ]
    definition = Definition(
        Bundle(
            0,
            bundle.policy,
            _time("soldFrom", bundle.sold_from),
            _time("soldUntil", bundle.sold_until),
            bundle.max_per_order,
            bundle.max_sold,
        ),
        tuple(parts),
        tuple(ChoiceGroup(group.name, group.choose) for group in bundle.groups),
    )
    fault = fault_of(definition)
    if fault is not None:
        raise ValueError(f"{NOT_VALID}{fault}")
    return definition


def _key(sku: SkuOf, part: _Part | _Option) -> str:
    if "/" in part.product_id:
        raise ValueError(f"{NOT_VALID}there is no product {part.product_id}")
    return sku(part.product_id, part.size)


def _time(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        at = in_ms(text)
    except (ValueError, OverflowError):
        at = -1
    if not 0 <= at < 2**53:
        raise ValueError(f"{NOT_VALID}{name} must be a time such as 2026-12-01T09:00Z")
    return at


def definition_out(item: Item, *, public: bool = False) -> dict[str, Any] | None:
    """The definition of a bundle as JSON, None for an ordinary size.

    `public`: without the numbers that are of no use to buyers.
    """
    if item.bundle is None:
        return None
    rules = item.bundle
    out: dict[str, Any] = {"policy": str(rules.policy)}
    fixed = [part for part in item.components if not part.group]
    if fixed:
        out["components"] = [_part_out("quantity", part, public=public) for part in fixed]
    if item.groups:
        out["groups"] = [
            {
                "name": group.name,
                "choose": group.choose,
                "options": [
                    _part_out("max", part, public=public)
                    for part in item.components
                    if part.group == group.name
                ],
            }
            for group in item.groups
        ]
    if rules.sold_from is not None:
        out["soldFrom"] = iso(rules.sold_from)
    if rules.sold_until is not None:
        out["soldUntil"] = iso(rules.sold_until)
    if rules.max_per_order is not None:
        out["maxPerOrder"] = rules.max_per_order
    if not public:
        if rules.max_sold is not None:
            out["maxSold"] = rules.max_sold
        out["version"] = rules.version
    return out


def public_definition(item: Item) -> msgspec.Raw:
    """The definition of a bundle as buyers see it, encoded once for each version."""
    known = _PUBLIC.get(item.sku)
    if known is None or known[0] is not item:
        if len(_PUBLIC) >= _PUBLIC_MAX:
            _PUBLIC.clear()
        encoded = msgspec.Raw(msgspec.json.encode(definition_out(item, public=True)))
        known = _PUBLIC[item.sku] = (item, encoded)
    return known[1]


_PUBLIC: dict[str, tuple[Item, msgspec.Raw]] = {}
_PUBLIC_MAX = 10_000


def _part_out(quantity: str, part: Component, *, public: bool) -> dict[str, Any]:
    product_id, size = split_sku(part.sku)
    out: dict[str, Any] = {"productId": product_id, "size": size, quantity: part.quantity}
    if part.keep and not public:
        out["keep"] = part.keep
    return out


def bundle_node(item: Item, old: Node | None) -> Node:
    """The definition of an item in its file: the owner's text, if it means the same."""
    definition = definition_of(item)
    if old is not None and _means(old, definition):
        return old
    out = definition_out(item)
    if out is None:
        return Leaf(NULL)
    del out["version"]
    short = out["policy"] == BundlePolicy.TOGETHER and out.keys() == {"policy", "components"}
    return parse(json.dumps(out["components"] if short else out, ensure_ascii=False), "bundle").node


def _means(node: Node, definition: Definition | None) -> bool:
    if isinstance(node, Leaf) and node.text == NULL:
        return definition is None
    try:
        return read_definition(json.loads(text_of(node))) == definition
    except ValueError:
        return False
