"""Locations over HTTP: list, add, change, close."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from fancymonkey.core.command import Command
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.records import StoreResult
from fancymonkey.services.locations.locations import (
    InvalidLocation,
    changed_location,
    close_if_empty,
    edit_command,
    location_json,
    new_location,
)
from fancymonkey.services.sales.orders import orders_to_ship_at
from fancymonkey.web.admin_api.locations.location_models import (
    AddLocationBody,
    ChangedLocation,
    ChangeLocationBody,
    CloseLocationBody,
    LocationFields,
    LocationList,
)
from fancymonkey.web.auth.location_limits import may_see
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.json_body import json_response
from fancymonkey.web.http.messages import Problem, Request
from fancymonkey.web.http.problems.refusals import refusal, request_fingerprint
from fancymonkey.web.read_models.stock_listing import unknown_location
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Caller, Context, IdempotencyKey
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/locations", tags=["dashboard"], route_class=AuthorizedRoute)


async def repeatable_fields(request: Call, actor: Caller, key: IdempotencyKey) -> dict[str, Any]:
    """The fields of a command of this request, which may be repeated with its key."""
    if key is None:
        return {"actor": actor.name}
    return {
        "actor": actor.name,
        "command_id": key.id,
        "former_id": key.former,
        "digest": request_fingerprint(request, await request.body()),
    }


Repeatable = Annotated[dict[str, Any], Depends(repeatable_fields)]


@router.get(
    "",
    summary="List locations",
    dependencies=[requires("read", by_location=True)],
    response_model=LocationList,
)
async def list_locations(context: Context, actor: Caller) -> Any:
    """Returns every location in the order of priority, closed ones too."""
    view = context.engine.view
    visible = [row for row in view.locations.values() if may_see(actor, row.key)]
    rows = [location_json(location) for location in visible]
    return json_response({"success": True, "locations": rows, "revision": view.revision})


@router.post(
    "",
    summary="Add a location",
    dependencies=[requires("admin")],
    response_model=ChangedLocation,
    responses=refusals(409),
)
async def add_location(
    context: Context, request: Call, repeatable: Repeatable, body: AddLocationBody
) -> Any:
    """Adds a location; it has no stock yet. Without a priority it comes last."""
    location = _checked(lambda: new_location(context.engine, body.id, _fields(body)))
    return await _do(
        context, request, AddLocation(location=location, reason=body.reason, **repeatable), body.id
    )


@router.put(
    "",
    summary="Change a location",
    dependencies=[requires("admin")],
    response_model=ChangedLocation,
    responses=refusals(404, 409),
)
async def change_location(
    context: Context, request: Call, repeatable: Repeatable, body: ChangeLocationBody
) -> Any:
    """Changes the given fields of a location; `active: true` reopens it."""
    present = _known(context, body.id)
    if body.active is False and present.active:
        raise Problem(
            422, "conflicting_fields", "Close a location with POST /api/admin/locations/close."
        )
    after = _checked(lambda: changed_location(present, _fields(body)))
    command = edit_command(
        present, after, reopen=body.active is True, reason=body.reason, **repeatable
    )
    return await _do(context, request, command, body.id)


@router.post(
    "/close",
    summary="Close a location",
    dependencies=[requires("admin")],
    response_model=ChangedLocation,
    responses=refusals(404, 409),
)
async def close_location(
    context: Context, request: Call, repeatable: Repeatable, body: CloseLocationBody
) -> Any:
    """Closes an empty location; its history stays. A refusal lists all that is open there."""
    _known(context, body.id)
    if "command_id" in repeatable:  # the key means this location from now on
        await _do(context, request, StoreResult(texts=(body.id,), **repeatable), body.id)
    refused = await orders_to_ship_at(context.services.orders, body.id)
    name = repeatable["actor"]
    answer = refused or await close_if_empty(
        context.engine, body.id, actor=name, reason=body.reason
    )
    if isinstance(answer, Refused):
        raise refusal(answer)
    return _changed(context, body.id)


def _known(context: AppContext, location_id: str) -> Location:
    """The location with this id. Raises Problem 404."""
    location = context.engine.view.locations.get(location_id)
    if location is None:
        raise unknown_location(location_id)
    return location


def _fields(body: LocationFields) -> dict[str, Any]:
    return body.model_dump(exclude_unset=True, exclude={"id", "reason", "active"})


def _checked(make: Callable[[], Location]) -> Location:
    """The location that `make` returns. Raises Problem 422 if it is not valid."""
    try:
        return make()
    except InvalidLocation as error:
        raise Problem(422, "invalid_request", str(error)) from None


async def _do(context: AppContext, request: Request, command: Command, id_: str) -> Response:
    """Runs a command about a location, and returns the location afterwards. Raises Problem."""
    request.about = id_
    answer = await context.engine.submit(command)
    if isinstance(answer, Refused):
        raise refusal(answer)
    return _changed(context, id_)


def _changed(context: AppContext, id_: str) -> Response:
    view = context.engine.view
    location = location_json(view.locations[id_])
    return json_response({"success": True, "location": location, "revision": view.revision})
