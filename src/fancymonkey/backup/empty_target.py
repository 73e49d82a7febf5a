"""Whether the target of a restore is empty."""

from fancymonkey.errors import FancyMonkeyError
from fancymonkey.store.contract import Store
from fancymonkey.store.copy import is_empty


async def opens_empty(store: Store) -> bool:
    """Whether a store can be read and has no row; a damaged store is not empty."""
    try:
        await store.open(0)
        return await is_empty(store)
    except FancyMonkeyError:
        return False
    finally:
        await store.close()
