"""Clients of httpx share the certificates unless one asks for others."""

import httpx
import pytest
from httpx._transports import default


def context_of(client: httpx.Client) -> object:
    transport = client._transport
    assert isinstance(transport, httpx.HTTPTransport)
    return transport._pool._ssl_context


def test_two_clients_have_one_context_that_verifies() -> None:
    with httpx.Client() as first, httpx.Client() as second:
        assert context_of(first) is context_of(second)
        assert default.create_ssl_context().check_hostname
        assert default.create_ssl_context().get_ca_certs()


def test_a_client_without_verification_has_a_context_of_its_own() -> None:
    with httpx.Client(verify=False) as free, httpx.Client() as strict:
        assert context_of(free) is not context_of(strict)
    assert default.create_ssl_context().check_hostname


def test_other_certificates_make_another_context(monkeypatch: pytest.MonkeyPatch) -> None:
    import certifi

    shared = default.create_ssl_context()
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    assert default.create_ssl_context() is not shared
