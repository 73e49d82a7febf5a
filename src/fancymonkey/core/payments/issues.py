"""How rules raise a matter: at most one a payment and concern, whatever is told how often."""

from fancymonkey.core.model import Line, Reservation
from fancymonkey.core.payments.rows import Concern, Matter, Progress, matter_id
from fancymonkey.core.state import Key, State


def needs_matters(about: str, *concerns: Concern) -> list[Key]:
    """The rows that `raise_matter` and `matter_of` read."""
    return [(Matter, matter_id(concern, about)) for concern in concerns]


def matter_of(state: State, concern: Concern, about: str) -> Matter | None:
    """The matter of this concern about a payment or hold, or None."""
    return state.get(Matter, matter_id(concern, about))


def raise_matter(
    state: State,
    concern: Concern,
    about: str,
    hold: Reservation,
    payment: str,
    lines: tuple[Line, ...] = (),
    progress: Progress = Progress.OPEN,
    note: str = "",
) -> Matter:
    """The matter of this concern, raised now where there was none."""
    found = matter_of(state, concern, about)
    if found is None:
        found = Matter(
            matter_id(concern, about),
            concern,
            progress,
            hold.reservation_id,
            payment,
            lines,
            state.now,
            None if progress in (Progress.OPEN, Progress.DUE) else state.now,
            note,
        )
        state.put(found)
    return found
