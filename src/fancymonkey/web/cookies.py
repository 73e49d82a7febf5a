"""The cookies of a login: unreadable for scripts, sent by our own pages only.

Over https their names begin with `__Host-`, so that no other host can plant them.
"""

from fancymonkey.accounts.sessions import Passes
from fancymonkey.web.http import Call, Headers

ACCESS = "fm_access"
RENEW = "fm_renew"
DEVICE = "fm_device"
DEVICE_SECONDS = 180 * 86_400


def secure(call: Call) -> bool:
    """Whether the browser came over https, as far as the socket or a trusted proxy says."""
    return bool(call.scope.get("scheme") == "https")


def read(call: Call, name: str) -> str | None:
    """The cookie's value."""
    raw = call.headers.get(b"cookie")
    if raw is None:
        return None
    wanted = _name(call, name)
    for part in raw.decode("latin-1").split(";"):
        found, _, value = part.strip().partition("=")
        if found == wanted:
            return value or None
    return None


def give(call: Call, passes: Passes) -> Headers:
    """The headers that hand over the tokens of a session."""
    seconds = passes.life // 1000
    headers = [_set(call, ACCESS, passes.access, seconds)]
    if passes.renew is not None:
        headers.append(_set(call, RENEW, passes.renew, seconds))
    return headers


def remember(call: Call, token: str) -> Headers:
    """The header that lets this browser be known at its next login."""
    return [_set(call, DEVICE, token, DEVICE_SECONDS)]


def take(call: Call) -> Headers:
    """The headers that take the tokens of a session away."""
    return [_set(call, ACCESS, "", 0), _set(call, RENEW, "", 0)]


def _name(call: Call, name: str) -> str:
    return f"__Host-{name}" if secure(call) else name


def _set(call: Call, name: str, value: str, seconds: int) -> tuple[bytes, bytes]:
    parts = [f"{_name(call, name)}={value}", "Path=/", f"Max-Age={seconds}", "HttpOnly"]
    parts += ["SameSite=Strict", *(["Secure"] if secure(call) else [])]
    return b"set-cookie", "; ".join(parts).encode()
