"""Maps refusals of the core to HTTP responses, and reads idempotency keys."""

import hashlib
import re
from dataclasses import replace
from typing import Any, TypeVar

from fancymonkey.core.holds.ended import Released
from fancymonkey.core.holds.reserved import Reserved
from fancymonkey.core.model import MANUAL
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.services.changes.request_key import RequestKey
from fancymonkey.web.http.bodies.wire import fault_out
from fancymonkey.web.http.messages import Headers, Problem, Request

STATUS: dict[str, int] = {
    Code.IDEMPOTENCY_CONFLICT: 409,
    Code.UNKNOWN_ITEM: 404,
    Code.UNKNOWN_PRODUCT: 404,
    Code.UNKNOWN_LOCATION: 404,
    Code.UNKNOWN_TRANSFER: 404,
    Code.LOCATION_CLOSED: 409,
    Code.LOCATION_IN_USE: 409,
    Code.UNKNOWN_SESSION: 404,
    Code.SESSION_PAID: 409,
    Code.SESSION_IN_USE: 409,
    Code.HOLD_ENDED: 410,
    Code.CHECKOUT_OPEN: 409,
    Code.PAYMENT_PENDING: 409,
    Code.CHECKOUT_CHANGED: 409,
    Code.TOO_MANY_CHECKOUTS: 429,
    Code.UNKNOWN_ISSUE: 404,
    Code.ISSUE_CLOSED: 409,
    Code.UNKNOWN_ORDER: 404,
    Code.UNKNOWN_CHANGE: 404,
    Code.ALREADY_UNDONE: 409,
    Code.WRONG_STATUS: 409,
    Code.ALREADY_THERE: 409,
    Code.IS_BUNDLE: 409,
    Code.INVALID_BUNDLE: 422,
    Code.BUNDLE_CYCLE: 422,
    Code.INVALID_CHOICES: 422,
    Code.TOO_MANY_LINES: 422,
    Code.SOLD_OUT: 409,
    Code.INSUFFICIENT_STOCK: 409,
    Code.TOO_MANY_HOLDS: 429,
    Code.HOLD_LIMIT: 409,
    Code.HELD_TOO_OFTEN: 429,
    Code.STALE: 409,
    Code.BELOW_ZERO: 409,
    Code.OUT_OF_RANGE: 422,
    Code.REASON_REQUIRED: 422,
    Code.TOO_MANY_UNITS: 409,
    Code.NO_RETURNS: 409,
    Code.LIVE_HOLDS: 409,
    Code.CANNOT_UNDO: 409,
    Code.NOTHING_TO_DO: 422,
}
"""The HTTP status of every refusal."""

WAITS = (Code.TOO_MANY_HOLDS, Code.HELD_TOO_OFTEN)
"""Temporary refusals; their detail has the seconds to wait."""

KEY_MAX = 255

Hold = TypeVar("Hold", Reserved, Released)


def refusal(refused: Refused) -> Problem:
    """Returns the response to a refusal, with the requested and available units of each line."""
    more: dict[str, Any] = {}
    headers: Headers = []
    if refused.code in WAITS:
        headers.append((b"retry-after", b"%d" % refused.detail["retry_after"]))
    elif isinstance(refused.detail, list):
        more["lines"] = [fault_out(fault) for fault in refused.detail]
    elif isinstance(refused.detail, dict):
        more.update(fault_out(refused.detail) if "sku" in refused.detail else refused.detail)
    return Problem(
        STATUS[refused.code], refused.code.value, refused.message, headers=headers, **more
    )


def buyer_hold_id(ref: str) -> str:
    """The id of a buyer's hold. Raises Problem 404 for ids of the owner's own holds."""
    if ref.startswith(MANUAL):
        raise refusal(Refused(Code.UNKNOWN_SESSION, "No hold was found for this session."))
    return ref if len(ref) <= ID_KEPT else _short(ref)


ID_KEPT = 64
"""The number of characters of an id that are kept unchanged."""
_STRIPES = re.compile(r"cs_(?:test|live)_[A-Za-z0-9]+")


def _short(ref: str) -> str:
    """Shortens a long id. Ids of Stripe stay unchanged, because its events use them."""
    if _STRIPES.fullmatch(ref):
        return ref
    return "sid_" + hashlib.blake2b(ref.encode(), digest_size=20).hexdigest()


def as_sent(hold: Hold, sent: str) -> Hold:
    """A hold with the session id that the buyer sent, even if it is stored shortened."""
    shown = session_as_sent(hold.session_id, sent)
    return hold if shown == hold.session_id else replace(hold, session_id=shown)


def session_as_sent(stored: str, sent: str) -> str:
    """The session id as the buyer sent it, even if it is stored shortened."""
    return stored if len(sent) <= ID_KEPT or stored != _short(sent) else sent


def buyer(session_id: str) -> str:
    """The caller of a request without authentication: its session id."""
    return f"buyer {session_id}"


def request_key(request: Request, caller: str) -> RequestKey | None:
    """The key of a request with an `Idempotency-Key`, or None. Keys belong to caller and path.

    Raises Problem 400 for a key that is empty, too long or not printable ASCII.
    """
    key = request.headers.get(b"idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= KEY_MAX or not all(0x20 < byte < 0x7F for byte in key):
        raise Problem(
            400,
            "invalid_idempotency_key",
            f"An Idempotency-Key must have 1 to {KEY_MAX} printable ASCII characters and no "
            f"spaces.",
        )
    whole = b"\0".join((str(request.scope["path"]).encode(), caller.encode(), key))
    # A hash is short for any key, so that long keys cannot fill the store.
    mark = hashlib.blake2b(whole, digest_size=20).hexdigest()
    return RequestKey(f"request:{mark}", f"key:{key.decode()}")


def request_fingerprint(request: Request, content: bytes) -> str:
    """Distinguishes a repetition from another request with the same key. Exclude passwords."""
    path = str(request.scope["path"]).encode()
    return hashlib.sha256(path + b"\n" + content).hexdigest()
