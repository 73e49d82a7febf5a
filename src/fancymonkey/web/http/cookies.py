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


def secure(request: Request) -> bool:
    """Whether the browser came over https, as far as the socket or a trusted proxy says."""
    return bool(request.scope.get("scheme") == "https")


COOKIES_MAX = 4096
"""Bytes of the header that are looked at; our own cookies have fewer than a thousand."""


def read(request: Request, name: str) -> str | None:
    """The cookie's value."""
    if request.cookies is None:
        request.cookies = _parse(request.headers.get(b"cookie", b""))
    return request.cookies.get(_name(request, name)) or None


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


def give(request: Request, passes: SessionTokens) -> Headers:
    """The headers that hand over the tokens of a session."""
    seconds = passes.life // 1000
    headers = [_set(request, ACCESS, passes.access, seconds)]
    if passes.renew is not None:
        headers.append(_set(request, RENEW, passes.renew, seconds))
    return headers


def remember(request: Request, token: str) -> Headers:
    """The header that lets this browser be known at its next login."""
    return [_set(request, DEVICE, token, DEVICE_SECONDS)]


def take(request: Request) -> Headers:
    """The headers that take the tokens of a session away."""
    return [_set(request, ACCESS, "", 0), _set(request, RENEW, "", 0)]


def _name(request: Request, name: str) -> str:
    return f"__Host-{name}" if secure(request) else name


def _set(request: Request, name: str, value: str, seconds: int) -> tuple[bytes, bytes]:
    parts = [f"{_name(request, name)}={value}", "Path=/", f"Max-Age={seconds}", "HttpOnly"]
    parts += ["SameSite=Strict", *(["Secure"] if secure(request) else [])]
    return b"set-cookie", "; ".join(parts).encode()
