"""Three bundles that share a scarce part, for tests with real servers."""

from typing import Any

from bench.buyers import RESERVE, WEBHOOK
from bench.client import Answer, Client, paid, signed
from bench.shops import WEBHOOK_SECRET, large
from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.item_parts import Bundle, BundlePolicy, ChoiceGroup, Component
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product, sku_of

UNITS = 20
PLENTY = 1000
SCARCE, OTHER = "prod_scarce", "prod_other"
PAIR, TWINS, CHOICE = "prod_pair", "prod_twins", "prod_choice"
KINDS = (PAIR, TWINS, CHOICE, SCARCE)
"""A scarce part with another, one alone as a bundle, one chosen of two, and the part itself."""


def catalogue() -> list[Command]:
    """Twenty of the scarce part, many of another, and three bundles."""
    stock = {SCARCE: UNITS, OTHER: PLENTY, PAIR: 0, TWINS: 0, CHOICE: 0}
    commands: list[Command] = list(large(10))
    for id_, units in stock.items():
        items = (NewItem(Item(sku_of(id_, "M"), id_, "M"), units),)
        product = Product(id_, id_.title(), "drops")
        commands.append(UpsertProduct(product=product, location=DEFAULT_LOCATION, items=items))
    scarce, other = sku_of(SCARCE, "M"), sku_of(OTHER, "M")
    together, split = (Bundle(0, policy) for policy in BundlePolicy)
    options = (Component(scarce, 1, "any"), Component(other, 1, "any"))
    for id_, definition in (
        (PAIR, Definition(together, (Component(scarce, 1), Component(other, 2)))),
        (TWINS, Definition(split, (Component(scarce, 1),))),
        (CHOICE, Definition(together, options, (ChoiceGroup("any", 1),))),
    ):
        sku = sku_of(id_, "M")
        commands.append(SetBundle(sku=sku, location=DEFAULT_LOCATION, definition=definition))
    return commands


async def reserve(client: Client, kind: str, session: str) -> Answer:
    """A buyer reserves one of a kind, with the scarce part."""
    body: dict[str, Any] = {"productId": kind, "size": "M", "quantity": 1, "sessionId": session}
    if kind == CHOICE:
        body["choices"] = [{"productId": SCARCE, "size": "M", "quantity": 1}]
    return await client.post(RESERVE, body)


async def pay(client: Client, session: str) -> Answer:
    """The event of Stripe that a session was paid."""
    event = signed(WEBHOOK_SECRET, paid(f"evt {session}", session))
    return await client.post(WEBHOOK, *event)
