"""Memory between pieces in use goes back to the system."""

import psutil
import pytest

from fancymonkey.engine import free_memory

PIECES = 100_000


@pytest.mark.skipif(free_memory._trim is None, reason="the C library cannot do it")
def test_free_pieces_between_used_ones_go_back() -> None:
    process = psutil.Process()
    pieces = [bytes(1100) for _ in range(PIECES)]
    used = pieces[::1000]
    del pieces
    before = process.memory_info().rss
    free_memory.return_free_memory()
    assert process.memory_info().rss < before - PIECES * 1100 // 2
    assert len(used) == PIECES // 1000
