"""The id of a change in answers: `changeId`, and also `act` for programs of earlier versions."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict


class NamedChange(TypedDict):
    """The id of a change that can be undone, or None if nothing changed."""

    changeId: str | None
    act: Annotated[str | None, Field(deprecated=True, description="The former name of `changeId`")]


def named_change(change_id: str | None) -> NamedChange:
    """The id under its present and its former name."""
    return {"changeId": change_id, "act": change_id}
