"""The measured values, and the table that shows them."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bar:
    """The bound of a row: a minimum or a maximum."""

    limit: float
    at_most: bool = False

    def met(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return value <= self.limit if self.at_most else value >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the value of each round, the bound (None: shown only), remarks."""

    what: str
    values: Sequence[float]
    bar: Bar | None
    unit: str = "×"
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def median(self) -> float:
        """The value that counts."""
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """`ok`, `UNDER`, or nothing if there is no bound."""
        if self.bar is None:
            return ""
        return "ok" if self.bar.met(self.median) else "UNDER"

    def cells(self) -> list[str]:
        """The columns of the table."""
        spread = f"({short(min(self.values))}–{short(max(self.values))})"
        return [
            self.what,
            f"{short(self.median)} {self.unit} {spread if len(self.values) > 1 else ''}".strip(),
            "" if self.bar is None else f"{self.bar} {self.unit}",
            self.verdict,
        ]


def short(value: float) -> str:
    """A number with three significant digits."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def markdown(rows: Iterable[Row]) -> str:
    """The table, then the absolute numbers behind each row."""
    rows = list(rows)
    lines = ["| measurement | median (lowest–highest) | bound | |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    remarks = [(row, note) for row in rows for note in row.notes]
    if remarks:
        lines += [
            "",
            "Behind the ratios (absolute numbers hold for this machine and minute only):",
            "",
        ]
        lines += [f"- {row.what}: {note}" for row, note in remarks]
    return "\n".join(lines)
