"""The cookies of a session: not readable by scripts, sent only by our own pages.

Over https their names begin with `__Host-`, so that no other host can set them.
"""

from fancymonkey.accounts.sessions import SessionTokens
from fancymonkey.web.http.messages import Headers, Request, Scope

ACCESS = "fm_access"
RENEW = "fm_renew"
DEVICE = "fm_device"
OURS = "fm_"
DEVICE_SECONDS = 180 * 86_400


def secure(request: Request) -> bool:
    """Whether the browser uses https, according to the socket or a trusted proxy."""
    return bool(request.scope.get("scheme") == "https")


COOKIES_MAX = 4096
"""The most bytes of the header that are read; our own cookies need fewer than a thousand."""


SHORT = 512
"""The most bytes of the header that frameworks may parse as it is."""


def read(request: Request, name: str) -> str | None:
    """Returns the value of a cookie."""
    if request.cookies is None:
        request.cookies = _parse(request.headers.get(b"cookie", b""))
    return request.cookies.get(_name(request, name)) or None


def _parse(raw: bytes) -> dict[str, str]:
    """Our cookies by name: the first of each name, and none that is cut off."""
    text = raw[:COOKIES_MAX].decode("latin-1")
    parts = text.split(";")
    if len(raw) > COOKIES_MAX and raw[COOKIES_MAX : COOKIES_MAX + 1] != b";":
        del parts[-1]
    cookies: dict[str, str] = {}
    for part in [part for part in parts if OURS in part]:
        name, _, value = part.strip().partition("=")
        cookies.setdefault(name, value)
    return cookies


def only_ours(scope: Scope) -> Scope:
    """The scope with our own cookies only, if there is a long header of them.

    Frameworks parse every cookie of a request: 30,000 of them take several milliseconds.
    """
    headers = scope["headers"]
    if not any(name == b"cookie" and len(value) > SHORT for name, value in headers):
        return scope
    last = [value for name, value in headers if name == b"cookie"][-1]
    cookie = "; ".join(f"{name}={value}" for name, value in _parse(last).items())
    others = [header for header in headers if header[0] != b"cookie"]
    return {**scope, "headers": [*others, (b"cookie", cookie.encode("latin-1"))]}


def give(request: Request, passes: SessionTokens) -> Headers:
    """The headers that set the tokens of a session."""
    seconds = passes.life // 1000
    headers = [_set(request, ACCESS, passes.access, seconds)]
    if passes.renew is not None:
        headers.append(_set(request, RENEW, passes.renew, seconds))
    return headers


def remember(request: Request, token: str) -> Headers:
    """The header that marks this browser as known for its next login."""
    return [_set(request, DEVICE, token, DEVICE_SECONDS)]


def take(request: Request) -> Headers:
    """The headers that remove the tokens of a session."""
    return [_set(request, ACCESS, "", 0), _set(request, RENEW, "", 0)]


def _name(request: Request, name: str) -> str:
    return f"__Host-{name}" if secure(request) else name


def _set(request: Request, name: str, value: str, seconds: int) -> tuple[bytes, bytes]:
    parts = [f"{_name(request, name)}={value}", "Path=/", f"Max-Age={seconds}", "HttpOnly"]
    parts += ["SameSite=Strict", *(["Secure"] if secure(request) else [])]
    return b"set-cookie", "; ".join(parts).encode()
