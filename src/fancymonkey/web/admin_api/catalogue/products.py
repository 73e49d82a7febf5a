"""Products over HTTP: list, add, change, take off sale, put back on sale."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from fancymonkey.core.catalogue.products import (
    AddItem,
    AddProduct,
    EditFields,
    NewItem,
    RemoveItem,
    RemoveProduct,
    RestoreProduct,
)
from fancymonkey.core.command import Command
from fancymonkey.core.group_answers import SkuChange
from fancymonkey.core.holds.ended import ReservedSet
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.keys import normal_form
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Kind, Product, sku_of
from fancymonkey.core.outcomes import Accepted
from fancymonkey.engine.engine import Engine
from fancymonkey.spreadsheets.cells.cells import plain
from fancymonkey.spreadsheets.imports.import_plan import with_actor
from fancymonkey.web.admin_api.catalogue.bundles import bundle_commands
from fancymonkey.web.admin_api.catalogue.product_bodies import (
    new_item,
    product_fields,
    seen_product,
    seen_size,
    size_fields,
    with_exact_prices,
)
from fancymonkey.web.admin_api.catalogue.product_details import product_out, product_with_sizes
from fancymonkey.web.admin_api.catalogue.product_models import (
    AddedProduct,
    AddProductBody,
    ArchiveProductBody,
    ChangedProduct,
    ChangeProductBody,
    ProductList,
    SizeBody,
)
from fancymonkey.web.admin_api.request_changes import RequestChanges, raise_refused
from fancymonkey.web.http.bodies.change_names import named_change
from fancymonkey.web.http.bodies.json_body import json_response
from fancymonkey.web.http.bodies.spelling import new_size
from fancymonkey.web.http.bodies.wire import encode
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.problems.refusals import request_fingerprint
from fancymonkey.web.http.query_params import Flag, Text
from fancymonkey.web.read_models.stock_rows import SLICE_SECONDS
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context, IdempotencyKey
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/products", tags=["dashboard"], route_class=AuthorizedRoute)


async def changes_of(
    context: Context, request: Request, call: Call, actor: Caller, key: IdempotencyKey
) -> RequestChanges:
    """The changes of this request, which may be repeated with its key."""
    mark = "" if key is None else request_fingerprint(call, await request.body())
    return RequestChanges(context, actor.name, "product", key=key, digest=mark)


Changes = Annotated[RequestChanges, Depends(changes_of)]


@router.get(
    "",
    summary="List products with all their fields",
    dependencies=[requires("read")],
    response_model=ProductList,
)
async def list_products(
    context: Context,
    id: Annotated[Text | None, Query(alias="productId", description="Only this product")] = None,
    archived: Annotated[
        Flag, Query(description="`true`: also archived products and sizes")
    ] = False,
) -> Any:
    """Returns products with all their fields, at one revision."""
    wanted = None if id is None else context.spelling.product(id)
    context.stock_rows.stop_counting_due()
    view = context.engine.view
    ids = view.order if wanted is None else [wanted]
    listed = [product_with_sizes(context.engine, id_) for id_ in ids if id_ in view.products]
    revision, clock = view.revision, asyncio.get_running_loop().time
    until = clock() + SLICE_SECONDS
    bodies: list[bytes] = []
    for product, sizes in listed:
        if archived or wanted is not None or not product.archived:
            bodies.append(encode(product_out(product, sizes, archived=archived)))
        if clock() > until:
            await asyncio.sleep(0)
            until = clock() + SLICE_SECONDS
    head = encode(
        {"success": True, "revision": revision, "currency": context.settings.payments.currency}
    )
    whole = b"".join((head[:-1], b',"products":[', b",".join(bodies), b"]}"))
    return Response(whole, 200, media_type="application/json")


@router.post(
    "",
    summary="Add a product",
    dependencies=[requires("admin")],
    response_model=AddedProduct,
    responses=refusals(404, 409),
)
async def add_product(request: Request, call: Call, doing: Changes, body: AddProductBody) -> Any:
    """Adds a product with its sizes and their initial stock."""
    context, doing.reason = doing.shop, body.reason
    body = with_exact_prices(body, await request.body())
    id_ = body.product_id
    if "/" in id_ or not id_.strip() or not plain(id_):
        raise Problem(422, "invalid_request", "productId must be one line of text without a slash.")
    id_ = context.spelling.new_product(id_)
    sizes = _checked_sizes(body.sizes, {})
    position = max((row.position for row in context.engine.view.products.values()), default=-1) + 1
    product = Product(id_, position=position, **product_fields(body, "{}"))
    items = tuple(
        NewItem(new_item(size, id_, sku_of(id_, size.size), place), size.stock or 0)
        for place, size in enumerate(sizes)
    )
    commands: list[Command] = [AddProduct(product=product, location=DEFAULT_LOCATION, items=items)]
    for size in sizes:
        commands += bundle_commands(context, sku_of(id_, size.size), size)
    return await _do(doing, call, id_, commands)


@router.put(
    "",
    summary="Update a product",
    dependencies=[requires("admin")],
    response_model=ChangedProduct,
    responses=refusals(404, 409),
)
async def change_product(
    request: Request, call: Call, doing: Changes, body: ChangeProductBody
) -> Any:
    """Changes the given fields of a product and its sizes."""
    context, doing.reason = doing.shop, body.reason
    body = with_exact_prices(body, await request.body())
    view, id_ = context.engine.view, context.spelling.product(body.product_id)
    product = view.products.get(id_)
    if product is None:
        raise Problem(404, "unknown_product", "No such product.")
    there = {view.items[sku].size: sku for sku in view.sizes[id_]}
    sizes = _checked_sizes(body.sizes, there)
    fields = product_fields(body, product.extra)
    was = seen_product(body.was, product)
    if "extra" in fields:
        was["extra"] = product.extra
    commands: list[Command] = []
    if fields:
        commands.append(
            EditFields(
                key=id_,
                location=DEFAULT_LOCATION,
                fields=tuple(fields.items()),
                was=tuple(was.items()),
            )
        )
    place = max((view.items[sku].position for sku in view.sizes[id_]), default=-1)
    for size in sizes:
        sku = sku_of(id_, size.size)
        if sku in view.items:
            commands += _change_size(sku, size)
            commands += bundle_commands(context, sku, size)
        else:
            place += 1
            new = NewItem(new_item(size, id_, sku, place), size.stock or 0)
            commands.append(AddItem(new=new, location=DEFAULT_LOCATION))
            commands += bundle_commands(context, sku, size)
    if not commands and body.was is None:
        raise Problem(422, "nothing_to_do", "Send at least one field of the product, or `sizes`.")
    return await _do(doing, call, id_, commands)


def _change_size(sku: str, size: SizeBody) -> list[Command]:
    if size.stock is not None:
        raise Problem(
            422,
            "conflicting_fields",
            f"Size {size.size} already exists: change its stock with `update`.",
        )
    fields, was = size_fields(size), seen_size(size.was)
    return (
        [
            EditFields(
                key=sku,
                location=DEFAULT_LOCATION,
                fields=tuple(fields.items()),
                was=tuple(was.items()),
            )
        ]
        if fields
        else []
    )


def _checked_sizes(sizes: list[SizeBody], there: Mapping[str, str]) -> list[SizeBody]:
    """The sizes as they are spelled; `there` are the existing sizes of the product.

    Raises Problem 422 if a size is named twice or its name is not valid, 409 where a new one
    looks like another.
    """
    spelled = {normal_form(name): name for name in there}
    size_by_name: dict[str, SizeBody] = {}
    for size in sizes:
        name = size.size
        if not name.strip() or not plain(name):
            raise Problem(422, "invalid_request", "size must be one line of text.")
        if name not in there:
            name = spelled.get(normal_form(name)) or new_size(name, (*there, *size_by_name))
        if name in size_by_name:
            raise Problem(422, "invalid_request", f"The size {name} is listed twice.")
        size_by_name[name] = size.model_copy(update={"size": name})
    return list(size_by_name.values())


@router.post(
    "/archive",
    summary="Take a product or size off sale, or put it back on sale",
    dependencies=[requires("admin")],
    response_model=ChangedProduct,
    responses=refusals(404, 409),
)
async def archive_product(call: Call, doing: Changes, body: ArchiveProductBody) -> Any:
    """Takes a product or a size off sale, or puts it back; its history stays."""
    context, doing.reason = doing.shop, body.reason
    view, id_ = context.engine.view, context.spelling.product(body.product_id)
    product = view.products.get(id_)
    sku = None if body.size is None else context.spelling.sku(id_, body.size)
    if product is None:
        raise Problem(404, "unknown_product", "No such product.")
    if sku is not None and sku not in view.sizes[id_]:
        raise Problem(404, "unknown_item", "No such size.")
    off = product.archived or (sku is not None and view.items[sku].archived)
    if off == body.archived:  # already in that state
        return await _do(doing, call, id_, [])
    if not body.archived:
        skus = (sku,) if sku is not None else await _went_with_it(context.engine, product)
        return await _do(
            doing, call, id_, [RestoreProduct(product_id=id_, location=DEFAULT_LOCATION, skus=skus)]
        )
    on_sale = [size_sku for size_sku in view.sizes[id_] if not view.items[size_sku].archived]
    gone = on_sale if sku is None else [sku]
    commands: list[Command] = []
    if body.end_holds:
        why = body.reason or "taken off sale"
        commands += [
            SetReserved(sku=size_sku, location=DEFAULT_LOCATION, quantity=0, reason=why)
            for size_sku in gone
        ]
    if sku is None:
        commands.append(
            RemoveProduct(product_id=id_, location=DEFAULT_LOCATION, before=tuple(on_sale))
        )
    else:
        commands.append(RemoveItem(sku=sku, location=DEFAULT_LOCATION))
    return await _do(doing, call, id_, commands)


async def _went_with_it(engine: Engine, product: Product) -> tuple[str, ...]:
    """The sizes archived together with their product, or all sizes."""
    sizes = engine.view.sizes[product.product_id]
    last = None
    async for entry in engine.store.history(product.product_id):
        last = entry if entry.kind is Kind.REMOVED else last
    if last is None:
        return tuple(sizes)
    start = max(0, last.revision - 1 - len(sizes))
    before = await engine.store.entries_after(start, last.revision - 1 - start)
    skus: list[str] = []
    for entry in reversed(before):  # the product's own entry comes right after its sizes'
        together = (entry.kind, entry.at, entry.cause) == (last.kind, last.at, last.cause)
        if not together or entry.sku not in sizes:
            break
        skus.append(entry.sku)
    return tuple(sku for sku in sizes if sku in skus)


async def _do(
    doing: RequestChanges, call: Call, product_id: str, commands: list[Command]
) -> Response:
    """Makes all changes or none, and returns the product afterwards."""
    context = doing.shop
    if commands:
        makers = [partial(_caused, command, doing) for command in commands]
        answers = await doing.whole(makers)
        raise_refused(answers)
        for answer in answers:
            data = answer.data if isinstance(answer, Accepted) else None
            if context.checkouts is not None and isinstance(data, ReservedSet | SkuChange):
                for hold in data.ended:
                    context.checkouts.close_later(hold.reservation_id)
    call.about = product_id[:100]
    product, sizes = product_with_sizes(context.engine, product_id)
    changed: ChangedProduct = {
        "success": True,
        **named_change(doing.change_id),
        "product": product_out(product, sizes, archived=True),
        "revision": context.engine.view.revision,
    }
    return json_response(changed)


def _caused(command: Command, doing: RequestChanges, change_id: str) -> Command:
    reason = None if isinstance(command, SetReserved) else doing.reason
    return with_actor(command, doing.actor, change_id, reason)
