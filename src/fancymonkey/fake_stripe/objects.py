"""Objects in Stripe's published shapes (`objects.json`), and its refusal of a request."""

import copy
import json
from importlib import resources
from typing import Any

StripeObject = dict[str, Any]

SHAPES: dict[str, StripeObject] = json.loads(
    (resources.files("fancymonkey.fake_stripe") / "objects.json").read_text("utf-8")
)["resources"]


class Invalid(Exception):
    """Stripe's refusal of a request."""

    def __init__(
        self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = "invalid_request_error"
        self.param = param
        self.code = code


def shaped(shape: str, id_: str, now: int, **fields: Any) -> StripeObject:
    """An object of a published shape with these fields."""
    return {
        **copy.deepcopy(SHAPES[shape]),
        "id": id_,
        "created": now,
        "livemode": False,
        **fields,
    }


def whole(text: Any, name: str, default: int | None) -> int:
    """A whole number in a request. Raises Invalid."""
    if text is None and default is not None:
        return default
    text_value = str(text)
    if not (text_value.isascii() and text_value.isdigit() and len(text_value) < 13):
        raise Invalid(
            f"Invalid integer: {text_value[:40]}", param=name, code="parameter_invalid_integer"
        )
    return int(text_value)


def texts(value: Any) -> dict[str, str]:
    """An object in a request, with all values as texts."""
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}
