"""Encryption between two servers that share a secret: TLS without certificates.

The key exchange is anonymous (ephemeral Diffie-Hellman), so there is no certificate, no authority
and nothing to renew. Both sides then prove the secret together with the value that identifies this
TLS connection (RFC 5929, tls-unique): an attacker in between has two connections with two such
values, and is refused.
"""

import ssl
from functools import cache
from importlib.resources import as_file, files

CIPHER = "ADH-AES256-GCM-SHA384:@SECLEVEL=0"
"""The level of an anonymous cipher is 0, because certificates alone do not authenticate here."""
GROUP = "ffdhe3072.pem"
"""The parameters of the key exchange: a group of RFC 7919, as OpenSSL prints it."""


@cache
def context(*, accepting: bool) -> ssl.SSLContext:
    """The options of one side. Raises ssl.SSLError where OpenSSL was built without the cipher."""
    side = ssl.PROTOCOL_TLS_SERVER if accepting else ssl.PROTOCOL_TLS_CLIENT
    made = ssl.SSLContext(side)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    # TLS 1.3 has no anonymous ciphers, and no tls-unique.
    made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    made.set_ciphers(CIPHER)
    if accepting:
        with as_file(files(__package__) / GROUP) as path:
            made.load_dh_params(str(path))
    return made


def available() -> bool:
    """Whether OpenSSL can do it; otherwise nothing is sent between machines."""
    try:
        return context(accepting=True) is not None and context(accepting=False) is not None
    except (ssl.SSLError, ValueError):
        return False
