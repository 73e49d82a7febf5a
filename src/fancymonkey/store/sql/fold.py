"""Folds ended holds in small transactions, so that sales continue in between."""

from collections.abc import Awaitable, Callable

FOLDED_AT_ONCE = 2000


async def fold_in_portions(portion: Callable[[str], Awaitable[list[str]]]) -> int:
    """Calls `portion` with the last id so far until it removes few holds; returns their number."""
    total, after = 0, ""
    while True:
        ids = await portion(after)
        total += len(ids)
        if len(ids) < FOLDED_AT_ONCE:
            return total
        after = max(ids)
