"""The choice of connections to accept, and of connections to close."""

from dataclasses import dataclass

import pytest

from fancymonkey.web.server import connections as crowd_module
from fancymonkey.web.server.connections import (
    CONNECTIONS_MAX,
    PER_ADDRESS,
    PER_NETWORK,
    RESERVE,
    Crowd,
    wide,
)


@dataclass(eq=False)
class Guest:
    """A connection that waits for its client, or is busy."""

    idle: bool = True
    ended: bool = False

    def disconnect(self) -> None:
        self.ended = True


def filled(crowd: Crowd, address: str, count: int, *, idle: bool = True) -> list[Guest]:
    guests = [Guest(idle) for _ in range(count)]
    assert all(crowd.enter(guest, address, 0.0) for guest in guests)
    return guests


def test_files_are_kept_for_the_store() -> None:
    assert Crowd().most == CONNECTIONS_MAX
    assert Crowd(1_000_000).most == CONNECTIONS_MAX
    assert Crowd(256).most == 128
    assert Crowd(64).most == 1


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::7", "::ffff:203.0.113.7"])
def test_an_address_with_too_many_connections_loses_its_own_idle_one(address: str) -> None:
    crowd = Crowd()
    others = filled(crowd, "198.51.100.1", 5)
    guests = filled(crowd, address, PER_ADDRESS)
    guests[0].idle = False
    assert crowd.enter(Guest(), address, 0.0)
    assert [guest.ended for guest in guests[:3]] == [False, True, False]
    assert not any(guest.ended for guest in others)
    assert len(crowd) == PER_ADDRESS + 5


def test_an_address_whose_connections_are_all_busy_gets_no_more() -> None:
    crowd = Crowd()
    filled(crowd, "203.0.113.7", PER_ADDRESS, idle=False)
    assert not crowd.enter(Guest(), "203.0.113.7", 0.0)
    assert crowd.enter(Guest(), "203.0.113.8", 0.0)
    assert crowd.refused == 1


def test_a_network_is_bounded_and_proxies_and_neighbours_are_not() -> None:
    crowd = Crowd()
    for number in range(PER_NETWORK):
        assert crowd.enter(Guest(idle=False), f"2001:db8:1:{number:x}::1", 0.0)
    assert not crowd.enter(Guest(), "2001:db8:1:ffff::1", 0.0)
    assert crowd.enter(Guest(), "2001:db8:1:ffff::1", 0.0, exempt=True)
    filled(crowd, "127.0.0.1", PER_ADDRESS + 10, idle=False)
    filled(crowd, "10.0.0.1", PER_ADDRESS + 10, idle=False)


def test_the_largest_holder_makes_room_when_all_is_full() -> None:
    crowd = Crowd(256)
    small = filled(crowd, "198.51.100.1", 3)
    large = filled(crowd, "203.0.113.7", crowd.most - 3)
    newcomer = Guest()
    assert crowd.enter(newcomer, "192.0.2.1", 0.0)
    assert not any(guest.ended for guest in small)
    assert sum(guest.ended for guest in large) == 1
    assert not newcomer.ended


def test_places_are_kept_for_this_machine_and_the_owner(caplog: pytest.LogCaptureFixture) -> None:
    crowd = Crowd(256, by_address=False)
    filled(crowd, "203.0.113.7", crowd.most, idle=False)
    assert not crowd.enter(Guest(), "192.0.2.1", 0.0)
    crowd.know_owner("192.0.2.1")
    assert crowd.enter(Guest(), "192.0.2.1", 1.0)
    for _ in range(RESERVE - 1):
        assert crowd.enter(Guest(idle=False), "127.0.0.1", 2.0)
    assert caplog.text.count("A connection was refused") == 1


def test_busy_ones_before_it_do_not_hide_one_that_waits() -> None:
    crowd = Crowd(1000, by_address=False)
    filled(crowd, "203.0.113.7", crowd.most - 1, idle=False)
    last = Guest()
    assert crowd.enter(last, "203.0.113.7", 0.0)
    assert crowd.enter(Guest(), "192.0.2.1", 0.0)
    assert last.ended


def test_a_closed_listener_is_removed_and_owners_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd_module, "OWNERS_KNOWN", 2)
    crowd = Crowd()
    for guest in filled(crowd, "203.0.113.7", 3):
        crowd.leave(guest)
        crowd.leave(guest)
    assert (len(crowd), crowd._groups) == (0, {})
    for number in range(5):
        crowd.know_owner(f"192.0.2.{number}")
    assert list(crowd._owners) == ["192.0.2.3", "192.0.2.4"]


def test_networks() -> None:
    assert wide("203.0.113.7") == wide("::ffff:203.0.113.9") == "203.0.113.0/24"
    assert wide("2001:db8:1:2::7") == "2001:db8:1::/48"
    assert wide("local") == "local"
