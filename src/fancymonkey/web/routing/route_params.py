"""The query parameters and the body that a route reads, from the signature of its handler."""

from collections.abc import Iterator
from typing import Any, Protocol, get_args, get_origin

import msgspec
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from fancymonkey.web.http.bodies import wire
from fancymonkey.web.http.bodies.unknown_fields import field_names
from fancymonkey.web.http.known_params import KnownParams
from fancymonkey.web.http.query_params import TEXT_MAX
from fancymonkey.web.routing.access import Access, Public, Requires
from fancymonkey.web.routing.routes import body_model


class ParameterizedRoute(Protocol):
    """The parts of a route that determine its parameters."""

    access: Access
    dependant: Dependant
    include_in_schema: bool
    openapi_extra: dict[str, Any] | None


def known_params(route: ParameterizedRoute) -> KnownParams | None:
    """The parameters of a route; None for a page, which takes any."""
    tolerant = isinstance(route.access, Public)
    if tolerant and not route.include_in_schema:
        return None
    fields = list(_query_fields(route.dependant))
    return KnownParams(
        tuple(name for name, _ in fields),
        frozenset(name for name, several in fields if several),
        tuple(_body_fields(route)),
        tolerant,
        TEXT_MAX,
    )


def reads_no_body(route: ParameterizedRoute) -> bool:
    """Whether a body of a request would have no effect.

    Schedulers send bodies of their own, and monitors may: endpoints for them take any.
    """
    access = route.access
    if body_model(route) is not None or "requestBody" in (route.openapi_extra or {}):
        return False
    if isinstance(access, Requires):
        return not access.schedule
    return has_query(route.dependant)


def has_query(dependant: Dependant) -> bool:
    """Whether a handler or one of its dependencies reads the query string."""
    return any(True for _ in _query_fields(dependant))


def _query_fields(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The name of each parameter, and whether it may be repeated."""
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name, of_model in zip(
                field_names(annotation), annotation.model_fields.values(), strict=True
            ):
                yield name, _is_list(of_model.annotation)
        else:
            yield field.alias, _is_list(annotation)
    for dependency in dependant.dependencies:
        yield from _query_fields(dependency)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))


def _body_fields(route: ParameterizedRoute) -> Iterator[str]:
    """The fields of a body in JSON; none for a signed body, such as an event of Stripe."""
    model = body_model(route)
    if model is not None:
        yield from field_names(model)
        return
    body = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    reference = body.get("application/json", {}).get("schema", {}).get("$ref", "")
    kind = getattr(wire, reference.rpartition("/")[2], None)
    if kind is not None:
        yield from (field.encode_name for field in msgspec.structs.fields(kind))
