"""The cookies of a login: unreadable for scripts, sent by our own pages only.

Over https their names begin with `__Host-`, so that no other host can plant them.
"""

from fancymonkey.accounts.sessions import SessionTokens
from fancymonkey.web.http.messages import Headers, Request

ACCESS = "fm_access"
RENEW = "fm_renew"
DEVICE = "fm_device"
OURS = "fm_"
DEVICE_SECONDS = 180 * 86_400


def secure(call: Request) -> bool:
    """Whether the browser came over https, as far as the socket or a trusted proxy says."""
    return bool(call.scope.get("scheme") == "https")


COOKIES_MAX = 4096
"""Bytes of the header that are looked at; our own cookies have fewer than a thousand."""


def read(call: Request, name: str) -> str | None:
    """The cookie's value."""
    if call.cookies is None:
        call.cookies = _parse(call.headers.get(b"cookie", b""))
    return call.cookies.get(_name(call, name)) or None


def _parse(raw: bytes) -> dict[str, str]:
    """Our cookies by name: of the same name the first, and none that is cut off."""
    text = raw[:COOKIES_MAX].decode("latin-1")
    parts = text.split(";")
    if len(raw) > COOKIES_MAX and raw[COOKIES_MAX : COOKIES_MAX + 1] != b";":
        del parts[-1]
    found: dict[str, str] = {}
    for part in [part for part in parts if OURS in part]:
        name, _, value = part.strip().partition("=")
        found.setdefault(name, value)
    return found


def give(call: Request, passes: SessionTokens) -> Headers:
    """The headers that hand over the tokens of a session."""
    seconds = passes.life // 1000
    headers = [_set(call, ACCESS, passes.access, seconds)]
    if passes.renew is not None:
        headers.append(_set(call, RENEW, passes.renew, seconds))
    return headers


def remember(call: Request, token: str) -> Headers:
    """The header that lets this browser be known at its next login."""
    return [_set(call, DEVICE, token, DEVICE_SECONDS)]


def take(call: Request) -> Headers:
    """The headers that take the tokens of a session away."""
    return [_set(call, ACCESS, "", 0), _set(call, RENEW, "", 0)]


def _name(call: Request, name: str) -> str:
    return f"__Host-{name}" if secure(call) else name


def _set(call: Request, name: str, value: str, seconds: int) -> tuple[bytes, bytes]:
    parts = [f"{_name(call, name)}={value}", "Path=/", f"Max-Age={seconds}", "HttpOnly"]
    parts += ["SameSite=Strict", *(["Secure"] if secure(call) else [])]
    return b"set-cookie", "; ".join(parts).encode()
