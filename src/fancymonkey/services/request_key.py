"""The key of a request that may be repeated: which command it stands for."""

from dataclasses import dataclass

from fancymonkey.core.changes.bulk import part_id


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The ids of the command that a request stands for: ours, and that of versions before 0089."""

    id: str
    former: str

    def part(self, number: int) -> "RequestKey":
        """The ids of a portion's command."""
        return RequestKey(part_id(self.id, number), part_id(self.former, number))

    def about(self, what: str) -> "RequestKey":
        """The ids of a further command of the same request; no key holds a space."""
        return RequestKey(f"{self.id} {what}", f"{self.former} {what}")
