"""Dependencies of handlers: the services, the caller, and the key of a repeatable request."""

from typing import Annotated

from fastapi import Depends, Header
from starlette.requests import HTTPConnection

from fancymonkey.accounts.model import Actor
from fancymonkey.services.changes.request_key import RequestKey
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Request
from fancymonkey.web.http.problems.refusals import request_key


async def app_context(connection: HTTPConnection) -> AppContext:
    """The services of the app."""
    context: AppContext = connection.app.state.context
    return context


async def this_call(connection: HTTPConnection) -> Request:
    """The caller's side of the request: who sends it, from where, and its audit details."""
    call: Request = connection.state.call
    return call


async def authorized_actor(connection: HTTPConnection) -> Actor:
    """The caller that the route has authorised."""
    actor = connection.state.call.actor
    assert actor is not None
    return actor  # type: ignore[no-any-return]


KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key and body again: one effect, same answer",
        json_schema_extra={"minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    ),
]


async def idempotency_key(connection: HTTPConnection, key: KeyHeader = None) -> RequestKey | None:
    """The key of a request that may be repeated. Raises Problem 400."""
    call: Request = connection.state.call
    assert call.actor is not None
    return request_key(call, call.actor.name)


Context = Annotated[AppContext, Depends(app_context)]
Call = Annotated[Request, Depends(this_call)]
Caller = Annotated[Actor, Depends(authorized_actor)]
IdempotencyKey = Annotated[RequestKey | None, Depends(idempotency_key)]
