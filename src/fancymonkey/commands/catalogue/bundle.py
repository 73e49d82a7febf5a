"""`fancymonkey bundle`: shows and sets bundles, in a stopped store or through a server."""

import json
from typing import Any

import click
import msgspec

from fancymonkey.commands.ask_server import address, ask
from fancymonkey.commands.common import choose_store, data_option, emit, json_option, run
from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, sku_of
from fancymonkey.core.outcomes import Refused
from fancymonkey.errors import DataError, StoreLocked
from fancymonkey.services.container import opened_engine
from fancymonkey.settings.settings import Settings
from fancymonkey.store.products_file.fields.bundle_json import definition_out, read_definition

ACTOR = "shell"
url_option = click.option(
    "--url", metavar="URL", help="URL of the running server. [the address of `serve`]"
)


@click.group()
def bundle() -> None:
    """Show or set the sizes that are sold as one and held as their parts."""


@bundle.command()
@data_option
@url_option
@json_option
def show(data: str | None, url: str | None, as_json: bool) -> None:
    """List the bundles, with the number that could be sold now."""
    choose_store(data)
    rows = run(_listed(Settings.load(), url))
    if as_json:
        emit({"bundles": rows})
        return
    for row in rows:
        parts = [
            f"{part['quantity']} x {part['productId']} {part['size']}"
            for part in row["bundle"].get("components", ())
        ]
        parts += [
            f"{group['choose']} of {group['name']}" for group in row["bundle"].get("groups", ())
        ]
        click.echo(f"{row['productId']} {row['size']}: {row['stock']} of {' + '.join(parts)}")


@bundle.command("set")
@click.argument("product_id", metavar="PRODUCT")
@click.argument("size")
@click.option("--json", "text", required=True, help="The definition, or null: an ordinary size.")
@data_option
@url_option
def set_bundle(product_id: str, size: str, text: str, data: str | None, url: str | None) -> None:
    """Make SIZE of PRODUCT a bundle, as `[{"productId": …, "size": …, "quantity": 2}]`."""
    choose_store(data)
    definition = _definition(text)
    run(_set(Settings.load(), url, product_id, size, definition))
    state = "is an ordinary size" if definition is None else "is a bundle"
    click.echo(f"{product_id} {size} {state}.")


def _definition(text: str) -> Definition | None:
    """The definition in JSON. Raises DataError."""
    try:
        value = json.loads(text)
        return None if value is None else read_definition(value)
    except ValueError as error:
        raise DataError(f"--json: {error}") from None


async def _listed(settings: Settings, url: str | None) -> list[dict[str, Any]]:
    try:
        async with opened_engine(settings) as engine:
            view = engine.view
            return [
                {
                    "productId": row.product.product_id,
                    "size": row.item.size,
                    "stock": row.stock.on_hand,
                    "bundle": definition_out(row.item),
                }
                for row in view.stocked()
                if row.item.bundle is not None
            ]
    except StoreLocked:
        answer = await ask(settings, url or address(settings), "/api/admin/products", get=True)
    return [
        {
            "productId": product["productId"],
            **{name: size[name] for name in ("size", "stock", "bundle")},
        }
        for product in answer["products"]
        for size in product["sizes"]
        if "bundle" in size
    ]


async def _set(
    settings: Settings, url: str | None, product_id: str, size: str, definition: Definition | None
) -> None:
    command = SetBundle(
        sku=sku_of(product_id, size), location=DEFAULT_LOCATION, definition=definition, actor=ACTOR
    )
    try:
        async with opened_engine(settings) as engine:
            answer = await engine.submit(command)
    except StoreLocked:
        item = None if definition is None else definition.on(Item(command.sku, product_id, size), 0)
        wanted = None if item is None else definition_out(item)
        body = {"productId": product_id, "sizes": [{"size": size, "bundle": wanted}]}
        path = "/api/admin/products"
        await ask(settings, url or address(settings), path, body, put=True)
        return
    if isinstance(answer, Refused):
        detail = msgspec.json.encode(answer.detail).decode()
        raise DataError(f"{answer.message} {detail}")
