"""Clients share the certificates of the system, and nothing else."""

import ssl

import httpx
import pytest

from tests.support.tls_contexts import make_certificates_load_once


def context_of(client: httpx.Client) -> ssl.SSLContext:
    context: ssl.SSLContext = client._transport._pool._ssl_context  # type: ignore[attr-defined]
    return context


def test_clients_share_one_context_that_checks_certificates() -> None:
    make_certificates_load_once()
    with httpx.Client() as first, httpx.Client() as second:
        assert context_of(first) is context_of(second)
        assert context_of(first).verify_mode is ssl.CERT_REQUIRED
        assert context_of(first).check_hostname
        assert context_of(first).get_ca_certs()


def test_a_client_with_options_has_a_context_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    make_certificates_load_once()
    own = ssl.create_default_context()
    with httpx.Client() as usual, httpx.Client(verify=False) as careless:
        assert context_of(careless) is not context_of(usual)
        assert context_of(careless).verify_mode is ssl.CERT_NONE
        with httpx.Client(verify=own) as special:
            assert context_of(special) is own
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        monkeypatch.setenv("SSL_CERT_DIR", "/")
        with httpx.Client() as elsewhere:
            assert context_of(elsewhere) is not context_of(usual)
            assert not context_of(elsewhere).get_ca_certs()
