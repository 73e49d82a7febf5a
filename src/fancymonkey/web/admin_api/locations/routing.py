"""Routing over HTTP: the order of the rules, and the postal codes that it knows."""

from fastapi import APIRouter

from fancymonkey.core.locations.countries import CENTRES
from fancymonkey.core.locations.routing import RoutingRule
from fancymonkey.core.locations.routing_order import SetRoutingRules
from fancymonkey.core.outcomes import Refused
from fancymonkey.services.locations.postal_codes import table_command
from fancymonkey.web.admin_api.locations.location_models import (
    PostalCodesBody,
    RoutingRules,
    RoutingRulesBody,
    StoredPostalCodes,
)
from fancymonkey.web.admin_api.locations.locations import Repeatable
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.problems.refusals import refusal
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin/locations", tags=["dashboard"], route_class=AuthorizedRoute)


@router.get("/routing", summary="The order of the routing rules", dependencies=[requires("read")])
async def routing_rules(context: Context) -> RoutingRules:
    """Returns the rules in the order in which they count, and the limits of the settings."""
    return await _rules(context)


@router.put(
    "/routing",
    summary="Change the order of the routing rules",
    dependencies=[requires("admin")],
    responses=refusals(409),
)
async def set_routing_rules(
    context: Context, repeatable: Repeatable, body: RoutingRulesBody
) -> RoutingRules:
    """Stores the order of the rules. A rule that is left out does not count."""
    rules = tuple(RoutingRule(rule) for rule in body.rules)
    answer = await context.engine.submit(SetRoutingRules(rules=rules, **repeatable))
    if isinstance(answer, Refused):
        raise refusal(answer)
    return await _rules(context)


@router.put(
    "/postal-codes",
    summary="Store postal codes of a country that begin alike",
    dependencies=[requires("admin")],
    responses=refusals(409),
)
async def store_postal_codes(
    context: Context, request: Call, repeatable: Repeatable, body: PostalCodesBody
) -> StoredPostalCodes:
    """Replaces the codes of a country that begin with the same character."""
    country, first = body.country.upper(), {code[0] for code in body.codes}
    if country not in CENTRES:
        raise Problem(422, "invalid_request", "country must be the two letters of ISO 3166, as DE.")
    if len(first) > 1:
        raise Problem(422, "invalid_request", "codes must begin with the same character.")
    request.about = f"{country} {first.pop()}"
    command = table_command(context.engine, request.about, dict(body.codes), **repeatable)
    answer = await context.engine.submit(command)
    if isinstance(answer, Refused):
        raise refusal(answer)
    return {"success": True, "country": country, "codes": len(body.codes)}


async def _rules(context: AppContext) -> RoutingRules:
    routing = context.routing
    return {
        "success": True,
        "rules": [rule.value for rule in await routing.rules()],
        "splitLines": routing.split_lines,
        "maxParcels": routing.max_parcels,
    }
