"""Checks whether the shop still is in this store."""

from fancymonkey.doctor.checks import DoctorFinding, error
from fancymonkey.engine.migration.markers import copy_of, moved
from fancymonkey.store.contract import Store


async def moved_finding(store: Store) -> DoctorFinding | None:
    """The finding for a store that is not in use; other findings would be meaningless then."""
    moved_to = await moved(store)
    if moved_to is not None:
        return error(
            "store.moved",
            f"The shop has moved from here to {moved_to.to}. The data here is as old as the move.",
            "Examine the new store: name it with --data, or in DATABASE_URL or DATA_DIR. To return "
            "to this one, without later sales: fancymonkey migrate --reopen",
        )
    unfinished = await copy_of(store)
    if unfinished is not None:
        return error(
            "store.unfinished",
            f"This is an unfinished copy of {unfinished.of}, and the shop is still there.",
            "Run the move again; until then name that store with --data.",
        )
    return None
