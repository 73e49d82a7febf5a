"""The types of query parameters."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, StringConstraints, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from fancymonkey.timestamps import in_ms
from fancymonkey.web.http.messages import Problem

TEXT_MAX = 500


def instant(name: str, text: str | None) -> int | None:
    """ISO 8601, or a date alone, in UTC without a zone: in ms since 1970.

    Raises Problem 422.
    """
    if text is None:
        return None
    try:
        instant_ms = in_ms(text)
    except (ValueError, OverflowError):
        instant_ms = -1
    if instant_ms < 0:
        raise Problem(
            422,
            "invalid_request",
            f"{name} must be a time such as 2026-01-31 or 2026-01-31T12:00:00Z.",
        )
    return instant_ms


@dataclass(frozen=True)
class WholeParam:
    """A whole number within bounds, written in digits."""

    lowest: int
    highest: int

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """A number for pydantic, with its bounds in the OpenAPI document."""
        number = core_schema.int_schema(ge=self.lowest, le=self.highest)
        return core_schema.no_info_before_validator_function(self._parsed, number)

    def _parsed(self, given: Any) -> int:
        text = str(given)
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
        if not self.lowest <= number <= self.highest:
            raise ValueError(f"must be a number from {self.lowest} to {self.highest}")
        return number


def _flag(given: Any) -> bool:
    text = str(given).lower()
    if text not in ("true", "false", "1", "0"):
        raise ValueError("must be true or false")
    return text in ("true", "1")


Flag = Annotated[
    bool,
    BeforeValidator(_flag),
    WithJsonSchema({"type": "string", "enum": ["true", "false", "1", "0"]}),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX)]
"""A text. An empty one is refused: a filter without a value would choose everything."""
Words = Annotated[str, StringConstraints(max_length=TEXT_MAX)]
"""Search words, a file name or the `next` of a page: an empty text is one as well."""
Time = Annotated[Text, WithJsonSchema({"type": "string", "example": "2026-01-31T12:00:00Z"})]
Page = Annotated[int, WholeParam(1, 1000)]
PAGE = 100
LIMIT = "Maximum number of results, from 1 to 1000; 100 by default"
