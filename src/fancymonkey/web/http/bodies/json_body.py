"""JSON bodies: pydantic models, read strictly; and answers that FastAPI does not encode."""

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from fancymonkey.web.http.bodies.unknown_fields import unknown_field
from fancymonkey.web.http.bodies.wire import encode
from fancymonkey.web.http.messages import Problem, parse
from fancymonkey.web.http.problems.errors import invalid

B = TypeVar("B", bound=BaseModel)
Id = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=500)]
Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""An exact number of an answer that `json_response` encodes: pydantic would make it a text."""

Money = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""A price or an amount in a body."""

Ok = Literal[True]
"""The `success` of an answer with status 200."""

_syntax = msgspec.json.Decoder(msgspec.Raw)


class JsonBody(BaseModel):
    """A body in camelCase: no value is converted to another type, unknown fields are refused."""

    model_config = ConfigDict(alias_generator=to_camel, strict=True, extra="forbid")


def example(value: dict[str, Any]) -> ConfigDict:
    """The configuration of a body or an answer with this example in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"example": value})


def json_response(answer: Any) -> Response:
    """The response with an answer whose prices keep all their digits, or with many rows.

    pydantic would validate and copy every row before it writes it.
    """
    return Response(encode(answer), 200, media_type="application/json")


def read_body(model: type[B], raw: bytes) -> B:
    """The body. Raises Problem 400 (not JSON) or 422 (not valid, or with an unknown field)."""
    # First the syntax, which pydantic takes more loosely: NaN, and unread fields.
    parse(_syntax, raw)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        rows = error.errors(include_url=False, include_input=False)
        if rows[0]["type"] == "json_invalid":
            raise Problem(
                400, "invalid_json", "The body is not valid JSON, or is nested too deeply."
            ) from None
        unknown = [row["loc"] for row in rows if row["type"] == "extra_forbidden"]
        others = invalid([row for row in rows if row["type"] != "extra_forbidden"])
        raise (unknown_field(model, unknown, others.detail) if unknown else others) from None
