"""The address of the OpenAPI document."""

from fastapi import APIRouter, Response
from starlette.requests import HTTPConnection

from fancymonkey.web.http.bodies.json_body import json_response
from fancymonkey.web.routing.access import public
from fancymonkey.web.routing.authorized_route import AuthorizedRoute

router = APIRouter(include_in_schema=False, route_class=AuthorizedRoute)


@router.get("/openapi.json", dependencies=[public()])
async def openapi_document(connection: HTTPConnection) -> Response:
    """The OpenAPI document of this service, encoded once: it does not change while it runs."""
    state = connection.app.state
    if not hasattr(state, "encoded_document"):
        state.encoded_document = json_response(connection.app.openapi()).body
    return Response(state.encoded_document, 200, media_type="application/json")
