"""The idempotency key of a request, as ids of its commands."""

from dataclasses import dataclass

from fancymonkey.core.changes.bulk import part_id


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The ids of a request's command: the present id, and the `former` one before decision 0089."""

    id: str
    former: str

    def part(self, number: int) -> "RequestKey":
        """The ids of the command of a portion."""
        return RequestKey(part_id(self.id, number), part_id(self.former, number))

    def about(self, what: str) -> "RequestKey":
        """The ids of a further command of the same request; a key never contains a space."""
        return RequestKey(f"{self.id} {what}", f"{self.former} {what}")
