"""The signature of a webhook: HMAC-SHA256 over `time.body`, in a header as Stripe has it."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable

HEADER = "FancyMonkey-Signature"
PREFIX = "whsec_"


def new_secret() -> str:
    """Makes a random secret."""
    return PREFIX + secrets.token_hex(24)


def sign(body: bytes, at: int, keys: Iterable[str]) -> str:
    """The header's value: the time in seconds, and a signature with each valid secret."""
    parts = [f"t={at}"]
    for key in keys:
        text = b"%d." % at + body
        parts.append("v1=" + hmac.new(key.encode(), text, hashlib.sha256).hexdigest())
    return ",".join(parts)
