"""Two-factor authentication: codes of an authenticator app, and recovery codes."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO

import msgspec
import pyotp

from fancymonkey.accounts.model import FactorState, NotConfirmed, User
from fancymonkey.accounts.users import Users
from fancymonkey.engine.documents import StoredDocument

STEP = 30
DRIFT = (0, -1, 1)
"""The tolerance of the clock, in steps of 30 seconds."""

CODES = 10
ISSUER = "Fancy Monkey"


def use_code(user: User, code: str, now: int) -> User | None:
    """Returns the user after the code was used, or None if it is wrong. No code works twice."""
    code = code.replace(" ", "").replace("-", "").upper()
    if user.factor is not None and len(code) == 6 and code.isascii() and code.isdigit():
        step = _step(user.factor, code, now)
        if step is not None and step > user.step:
            return msgspec.structs.replace(user, step=step)
        return None
    mark = digest(code)
    if not any(hmac.compare_digest(mark, code) for code in user.codes):
        return None
    return msgspec.structs.replace(user, codes=tuple(code for code in user.codes if code != mark))


def _step(secret: str, code: str, now: int) -> int | None:
    """The 30-second step of the code, or None."""
    totp, current = pyotp.TOTP(secret), now // 1000 // STEP
    for drift in DRIFT:
        at = datetime.fromtimestamp((current + drift) * STEP, UTC)
        if hmac.compare_digest(totp.at(at).encode(), code.encode()):
            return current + drift
    return None


def digest(secret: str) -> str:
    """The stored digest of a long random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def start_setup(users: Users, account: StoredDocument[User]) -> tuple[str, str, str]:
    """Makes a secret to be confirmed; returns it as text, as a link and as a QR code (data URL).

    Raises FactorState if two-factor authentication is already on.
    """
    import segno  # only this function draws

    if account.value.factor is not None:
        raise FactorState("Two-factor authentication is already on. Switch it off first.")
    secret = pyotp.random_base32()
    await users.change(account, asked=secret)
    link = pyotp.TOTP(secret).provisioning_uri(name=account.name, issuer_name=ISSUER)
    picture = BytesIO()
    segno.make(link, error="m").save(picture, kind="svg", scale=4, border=4)
    data = base64.b64encode(picture.getvalue()).decode()
    return secret, link, f"data:image/svg+xml;base64,{data}"


async def confirm(
    users: Users, account: StoredDocument[User], code: str, now: int
) -> tuple[User, list[str]]:
    """Switches it on if the code is right; returns the recovery codes, which are shown once.

    Raises FactorState, NotProven.
    """
    pending_secret = account.value.asked
    if pending_secret is None:
        raise FactorState("Two-factor authentication is not set up. Set it up first.")
    step = _step(pending_secret, code.replace(" ", ""), now)
    if step is None:
        raise NotConfirmed("The code is incorrect.")
    codes = _recovery_codes()
    user = await users.change(
        account, ends=True, factor=pending_secret, asked=None, step=step, codes=_digests(codes)
    )
    return user, codes


async def switch_off(users: Users, account: StoredDocument[User]) -> User:
    """Switches it off. Raises FactorState if it is not on."""
    if account.value.factor is None:
        raise FactorState("Two-factor authentication is off.")
    return await users.change(account, ends=True, factor=None, asked=None, codes=())


async def new_codes(users: Users, account: StoredDocument[User]) -> tuple[User, list[str]]:
    """Makes new recovery codes; the old ones stop working. Raises FactorState."""
    if account.value.factor is None:
        raise FactorState("Two-factor authentication is off.")
    codes = _recovery_codes()
    return await users.change(account, ends=True, codes=_digests(codes)), codes


def _digests(codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(digest(code.replace("-", "")) for code in codes)


def _recovery_codes() -> list[str]:
    return [_recovery_code() for _ in range(CODES)]


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[place : place + 4] for place in range(0, 16, 4))
