"""Public addresses of customers, and private addresses of proxies."""

import pytest

from fancymonkey.web.http.clients.private_networks import public_address


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.9", "169.254.1.1"),
        *("::1", "fd00::7", "fe80::1%eth0", "::ffff:10.0.0.1"),
        *("local", "", "/run/fancymonkey.sock", "10.0.0.1:8080"),
    ],
)
def test_near(address: str) -> None:
    assert public_address(address) is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),  # an address for examples, which tests shop from
        ("8.8.8.8", "8.8.8.8"),
        ("172.32.0.1", "172.32.0.1"),
        ("100.64.0.1", "100.64.0.1"),  # many phones of one provider: their users do buy
        ("2001:db8::5", "2001:db8::5"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
    ],
)
def test_far(address: str, expected: str) -> None:
    assert str(public_address(address)) == expected
