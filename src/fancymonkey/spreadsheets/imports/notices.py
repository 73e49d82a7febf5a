"""Notices about cells that an import does not apply, so that this is not silent."""

from dataclasses import dataclass, field

SHOWN = 5
"""The most rows that a notice names."""


@dataclass(slots=True)
class Notice:
    """A notice about cells of one column. `rows` has the first few rows."""

    column: str
    words: str
    count: int = 0
    rows: list[int] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The notice as a sentence."""
        named = ", ".join(str(row) for row in self.rows)
        more = ", …" if self.count > len(self.rows) else ""
        where = f"row {named}" if self.count == 1 else f"{self.count} rows ({named}{more})"
        return f"{self.words.replace('{rows}', where)}."


class Notices:
    """All notices of an import, each kind once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Notice] = {}

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._found.values())

    def include(self, others: "Notices") -> None:
        """Adds the notices of an earlier step, before these."""
        self._found = {**others._found, **self._found}

    def add(self, row: int, column: str, kind: str, words: str) -> None:
        """Adds a row. The first of a kind gives the text, with `{rows}` for the rows."""
        notice = self._found.setdefault((column, kind), Notice(column, words))
        notice.count += 1
        if len(notice.rows) < SHOWN:
            notice.rows.append(row)
