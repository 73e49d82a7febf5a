"""Does the shop live in this store at all?"""

from fancymonkey.doctor.checks import Finding, error
from fancymonkey.engine.migration.markers import copy_of, moved
from fancymonkey.store.contract import Store


async def elsewhere(store: Store) -> Finding | None:
    """That it does not: then nothing else that is found here would say anything of it."""
    gone = await moved(store)
    if gone is not None:
        return error(
            "store.moved",
            f"The shop has moved from here to {gone.to}. What is here is as it was then.",
            "Look at it there: name that store with --data, or in DATABASE_URL or DATA_DIR. To go "
            "back to this one, without what was sold since: fancymonkey migrate --reopen",
        )
    unfinished = await copy_of(store)
    if unfinished is not None:
        return error(
            "store.unfinished",
            f"This is a copy of {unfinished.of} that was not finished; the shop lives there.",
            "Run the move again; until then name that store with --data.",
        )
    return None
