"""The choice between a commit in the event loop and one in a thread, by the latency of the disk."""

from fancymonkey.store.shared.disk_latency import LOOKED_AT, QUICK_SECONDS, DiskLatency

QUICK, SLOW = QUICK_SECONDS / 5, QUICK_SECONDS * 20


def measured(pace: DiskLatency, seconds: float, times: int) -> DiskLatency:
    """Waits for syncs in the event loop or in a thread, as the pace decides."""
    for _ in range(times):
        pace.took(seconds, here=pace.quick)
    return pace


def test_nothing_is_known_of_a_disk_at_first() -> None:
    assert not DiskLatency().quick
    assert not measured(DiskLatency(), QUICK, LOOKED_AT - 1).quick


def test_the_loop_waits_for_a_fast_disk() -> None:
    assert measured(DiskLatency(), QUICK, LOOKED_AT).quick
    assert measured(DiskLatency(), QUICK, 1000).quick


def test_a_slow_disk_is_used_from_the_thread() -> None:
    assert not measured(DiskLatency(), SLOW, 1000).quick


def test_one_slow_sync_has_no_effect_and_a_slow_disk_is_noticed() -> None:
    pace = measured(DiskLatency(), QUICK, LOOKED_AT)
    assert measured(pace, QUICK_SECONDS * 5, 1).quick
    assert not measured(pace, SLOW, 2).quick
    assert not measured(pace, SLOW, LOOKED_AT).quick
    assert not measured(pace, QUICK, 2).quick
    assert measured(pace, QUICK, 1).quick


def test_waits_of_a_thread_after_the_disk_do_not_count() -> None:
    pace = DiskLatency()
    for number in range(LOOKED_AT):
        pace.took(QUICK if number % 3 == 0 else SLOW, here=False)
    assert pace.quick


def test_a_disk_that_is_fast_only_at_times_is_slow() -> None:
    pace = DiskLatency()
    for number in range(100):
        pace.took(QUICK if number % 5 == 0 else SLOW, here=pace.quick)
        assert not pace.quick
