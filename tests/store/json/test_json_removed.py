"""The journal is removed while the shop runs: every confirmed sale exists after a restart.

The system accepts every write and every sync of a file without a name.
"""

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from fancymonkey.errors import StoreUnavailable
from tests.store.json_shop import SEED, hold, open_shop


@pytest.mark.parametrize("removed", ["logs", "logs/inventory-changes.log"])
async def test_a_sale_is_refused_once_the_journal_is_removed(removed: str, tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(SEED)
    store = await open_shop(tmp_path)
    await hold(store, "s1", "prod_hoodie_001/M", 1)
    path = tmp_path / removed
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    with pytest.raises(StoreUnavailable, match="it was removed"):
        await hold(store, "s2", "prod_hoodie_001/M", 1)
    assert any("it was removed" in text for text in await store.health_problems())
    with suppress(StoreUnavailable):
        await store.close()


async def test_a_rotated_journal_is_not_a_removed_one(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(SEED)
    store = await open_shop(tmp_path, segment_entries=2)
    for number in range(8):
        await hold(store, f"s{number}", "prod_hoodie_001/M", 1)
    assert await store.health_problems() == []
    await store.close()
