"""A client with the cookies and headers of a browser, for logins."""

from datetime import UTC, datetime
from typing import Any

import pyotp

from tests.web.client import Answer, Client
from tests.web.shops import PASSWORD, Shop

HTTPS_HOST = "shop.test"


class Visitor:
    """Keeps the cookies of one browser. `headers` go with every request."""

    def __init__(self, client: Client, *, scheme: str = "http") -> None:
        self.client = client
        self.scheme = scheme
        self.cookies: dict[str, str] = {}
        self.set: list[str] = []
        self.csrf = ""

    def elsewhere(self, address: str) -> "Visitor":
        """Another browser, at another address."""
        return Visitor(self.client.elsewhere(address), scheme=self.scheme)

    def twin(self) -> "Visitor":
        """A thief: another browser with the same cookies and token."""
        made = Visitor(self.client, scheme=self.scheme)
        made.cookies, made.csrf = dict(self.cookies), self.csrf
        return made

    async def send(
        self, method: str, target: str, body: Any = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if not self.cookies:
            sent = {}
        sent |= {"Sec-Fetch-Site": "same-origin", "User-Agent": "Tester/1.0"}
        if self.csrf:
            sent["X-CSRF-Token"] = self.csrf
        sent |= headers or {}
        client = _Over(self.client, self.scheme)
        answer = await client.request(method, target, body, {k: v for k, v in sent.items() if v})
        self.set = [value.decode() for name, value in answer.headers if name == b"set-cookie"]
        for cookie in self.set:
            name, _, remainder = cookie.partition("=")
            value = remainder.partition(";")[0]
            if value and "Max-Age=0" not in cookie:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    async def get(self, target: str, headers: dict[str, str] | None = None) -> Answer:
        return await self.send("GET", target, b"", headers)

    async def post(
        self, target: str, body: Any = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        return await self.send("POST", target, body, headers)

    async def log_in(
        self, name: str = "owner", password: str = PASSWORD, code: str | None = None
    ) -> Answer:
        """Logs in, and remembers the CSRF token as the page does."""
        body = {"name": name, "password": password} | ({} if code is None else {"code": code})
        answer = await self.post("/api/admin/login", body)
        if answer.status == 200:
            self.csrf = answer.json["session"]["csrf"]
        return answer

    async def logged_in(self, name: str = "owner", password: str = PASSWORD) -> "Visitor":
        """Logs in and returns the client."""
        answer = await self.log_in(name, password)
        assert answer.status == 200, answer.json
        return self


class _Over(Client):
    """The same client over http or https."""

    def __init__(self, client: Client, scheme: str) -> None:
        super().__init__(client.app, client.address)
        self._scheme = scheme

    def scope(self, method: str, target: str, headers: Any = ()) -> dict[str, Any]:
        return {**super().scope(method, target, headers), "scheme": self._scheme}


def code_of(client: Client, secret: str, later: int = 0) -> str:
    """The code of the authenticator app now, or some half minutes later."""
    seconds = client.app._shop.engine.clock() // 1000 + 30 * later
    return pyotp.TOTP(secret).at(datetime.fromtimestamp(seconds, UTC))


async def made(shop: Shop, name: str, role: str, password: str = "six blue owls sing") -> str:
    """Makes an account, past the endpoints; gives its password."""
    from fancymonkey.accounts.model import Role

    await accounts(shop).users.add(name, Role(role), password)
    return password


def accounts(shop: Shop) -> Any:
    """The accounts of a running shop."""
    return shop.client.app._shop.accounts
