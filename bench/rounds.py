"""Candidates side by side: every round runs each once, and each round begins with another one.

On a shared machine, the first in a fixed order is up to a third slower. So only ratios within a
round are meaningful, and only their median over rotated rounds is quoted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Measures = Mapping[str, Sequence["Measure"]]


@dataclass(frozen=True, slots=True)
class Measure:
    """One candidate in one round. Latencies in ms, CPU in µs for each operation."""

    rate: float
    p50: float = 0.0
    p99: float = 0.0
    server_cpu: float = 0.0
    database_cpu: float = 0.0
    errors: int = 0

    def __str__(self) -> str:
        text = f"{self.rate:,.0f}/s, p50 {self.p50:.2f} ms, p99 {self.p99:.2f} ms"
        if self.server_cpu:
            text += f", CPU {self.server_cpu:.0f}"
            text += f" + {self.database_cpu:.0f} (database)" if self.database_cpu else ""
            text += " µs each"
        return text + (f", {self.errors} errors" if self.errors else "")


def rotate(candidates: Mapping[str, Callable[[], Measure]], rounds: int) -> Measures:
    """Runs all candidates in each round. Raises RuntimeError if one answers with errors."""
    names = list(candidates)
    measures_by_name: dict[str, list[Measure]] = {name: [] for name in names}
    for number in range(rounds):
        at = number % len(names)
        for name in names[at:] + names[:at]:
            measure = candidates[name]()
            if measure.errors:
                raise RuntimeError(f"{name}: {measure}")
            measures_by_name[name].append(measure)
    return measures_by_name


def ratios(measures: Measures, name: str, base: str) -> list[float]:
    """The operations per second as a multiple of the base, for each round."""
    pairs = zip(measures[name], measures[base], strict=True)
    return [first.rate / other.rate for first, other in pairs]


def behind(measures: Measures, *names: str) -> list[str]:
    """The middle round (by rate) of each candidate, in words."""
    middle = [sorted(measures[name], key=lambda measure: measure.rate) for name in names]
    pairs = zip(names, middle, strict=True)
    return [f"{name}: {measures[len(measures) // 2]}" for name, measures in pairs]
