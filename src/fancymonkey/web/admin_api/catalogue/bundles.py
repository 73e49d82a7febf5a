"""Bundles over HTTP: try a definition, and build bundles in advance."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from fancymonkey.core.bundles.assemble import Assemble
from fancymonkey.core.bundles.availability import buildable, scarce_parts
from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.bundles.recipe import NotBuildable, recipe_of
from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.locations.lookup import unknown_location
from fancymonkey.core.model import Item, split_sku
from fancymonkey.engine.view.bundle_stock import free_units
from fancymonkey.engine.view.view import View
from fancymonkey.store.products_file.fields.bundle_json import read_definition
from fancymonkey.web.admin_api.catalogue.bundle_models import (
    AssembleBody,
    Assembled,
    BundleBody,
    BundlePreview,
    PreviewBody,
)
from fancymonkey.web.admin_api.catalogue.product_models import SizeBody
from fancymonkey.web.admin_api.request_changes import RequestChanges, raise_refused
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.change_names import named_change
from fancymonkey.web.http.bodies.spelling import Spelling
from fancymonkey.web.http.bodies.wire import size_key
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.problems.refusals import refusal, request_fingerprint
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context, IdempotencyKey
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/bundles", tags=["dashboard"], route_class=AuthorizedRoute)

NEW = "\0new"
"""The SKU of a bundle that is tried and not there yet. No product has such an id."""


def definition_from(body: BundleBody, spelling: Spelling) -> Definition:
    """The definition in a body. Raises Problem 422."""
    try:
        return read_definition(body.model_dump(by_alias=True), spelling.sku)
    except ValueError as error:
        text = str(error)
        raise Problem(422, "invalid_bundle", f"{text[:1].upper()}{text[1:]}") from None


def bundle_commands(context: AppContext, sku: str, size: SizeBody) -> list[Command]:
    """The command for the `bundle` of a size in a body, if it has one. Raises Problem 422."""
    if "bundle" not in size.model_fields_set:
        return []
    expected: tuple[Definition | None] | None = None
    if size.was is not None and "bundle" in size.was.model_fields_set:
        expected = (_definition(context, size.was.bundle),)
    definition = _definition(context, size.bundle)
    return [SetBundle(sku=sku, location=DEFAULT_LOCATION, definition=definition, expected=expected)]


def _definition(context: AppContext, body: BundleBody | None) -> Definition | None:
    return None if body is None else definition_from(body, context.spelling)


@router.post(
    "/preview",
    summary="Try a bundle: how many could be sold now, and which part is scarce",
    dependencies=[requires("read")],
    response_model=BundlePreview,
    responses=refusals(404),
)
async def preview_bundle(context: Context, body: PreviewBody) -> Any:
    """Counts the bundles that the available units make; changes nothing."""
    definition = definition_from(body.bundle, context.spelling)
    context.stock_rows.stop_counting_due()
    view = context.engine.view
    unknown = [
        {"productId": product_id, "size": size}
        for product_id, size in (split_sku(part.sku) for part in definition.components)
        if not _on_sale(view, context.spelling.sku(product_id, size))
    ]
    if unknown:
        raise Problem(404, "unknown_item", "No such product or size.", lines=unknown)
    product_id, size = body.product_id or NEW, body.size or ""
    sku = context.spelling.sku(product_id, size)
    item = definition.on(Item(sku, product_id, size), 0)
    try:
        recipe = recipe_of(item, lambda key: item if key == sku else view.items.get(key))
    except NotBuildable as error:
        raise Problem(422, "invalid_bundle", str(error)) from None
    free = free_units(view, recipe)
    return {
        "success": True,
        "available": buildable(recipe, free),
        "scarce": [size_key(part) for part in scarce_parts(recipe, free)],
        "revision": view.revision,
    }


def _on_sale(view: View, sku: str) -> bool:
    item = view.items.get(sku)
    return item is not None and not item.archived


async def changes_of(
    context: Context, request: Request, call: Call, actor: Caller, key: IdempotencyKey
) -> RequestChanges:
    """The changes of this request, which may be repeated with its key."""
    mark = "" if key is None else request_fingerprint(call, await request.body())
    return RequestChanges(context, actor.name, "assemble", key=key, digest=mark)


@router.post(
    "/assemble",
    summary="Build bundles in advance, or take them apart",
    dependencies=[requires("stock")],
    response_model=Assembled,
    responses=refusals(404, 409),
)
async def assemble_bundles(
    call: Call, doing: Annotated[RequestChanges, Depends(changes_of)], body: AssembleBody
) -> Any:
    """Turns available parts at a location into pre-built bundles, or back, in one transaction."""
    context, doing.reason = doing.shop, body.reason
    view = context.engine.view
    location = DEFAULT_LOCATION if body.location is None else body.location
    if location not in view.locations:
        raise refusal(unknown_location(location))
    sku = context.spelling.sku(body.product_id, body.size)
    maker = partial(_assemble, sku, location, body, doing.actor)
    raise_refused(await doing.whole([maker]))
    call.about = f"{body.quantity} × {sku}"[:100]
    product_id, size = split_sku(sku)
    levels = (view.levels.get((sku, id_)) for id_ in view.locations)
    return {
        "success": True,
        **named_change(doing.change_id),
        "stock": {
            "productId": product_id,
            "size": size,
            "preBuilt": sum(level.on_hand for level in levels if level is not None),
        },
        "revision": view.revision,
    }


def _assemble(sku: str, location: str, body: AssembleBody, actor: str, change_id: str) -> Assemble:
    return Assemble(
        sku=sku,
        location=location,
        quantity=body.quantity,
        reason=body.reason,
        actor=actor,
        cause=change_id,
    )
