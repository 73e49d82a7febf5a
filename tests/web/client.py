"""An ASGI client in this process: the test decides every byte of a request."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

Headers = Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]]


@dataclass(frozen=True)
class Answer:
    """The response."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code; the answer must be a whole problem."""
        body = self.json
        assert self.header("content-type") == "application/problem+json", self
        assert body["success"] is False
        assert body["status"] == self.status
        assert {"type", "title", "detail", "code"} <= body.keys()
        code: str = body["code"]
        return code

    def header(self, name: str) -> str | None:
        """A header that must not come twice."""
        values = [value.decode() for key, value in self.headers if key == name.encode()]
        assert len(values) < 2, f"{name} twice: {values}"
        return values[0] if values else None


class Client:
    """Sends requests from a given address."""

    def __init__(self, app: Any, address: str = "203.0.113.7") -> None:
        self.app = app
        self.address = address

    def elsewhere(self, address: str) -> "Client":
        """The same app, asked from another address."""
        return Client(self.app, address)

    async def get(self, target: str, headers: Headers = ()) -> Answer:
        return await self.request("GET", target, headers=headers)

    async def post(self, target: str, body: Any = b"", headers: Headers = ()) -> Answer:
        return await self.request("POST", target, body, headers)

    async def request(
        self,
        method: str,
        target: str,
        body: Any = b"",
        headers: Headers = (),
        *,
        chunks: list[bytes] | None = None,
        length: int | None = None,
        breaks_off: bool = False,
    ) -> Answer:
        """Sends a request. `body` is bytes or becomes JSON; `chunks` are sent instead, one by one.

        `length` is the value of Content-Length; `breaks_off` closes the connection instead of
        sending the last chunk.
        """
        body = self.encoded(body)
        parts = [body] if chunks is None else list(chunks)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not parts:
                await asyncio.sleep(3600)  # a client that waits: only the server can continue
            part = parts.pop(0)
            if breaks_off and not parts:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        scope = self.scope(method, target, headers)
        if length is not None or (chunks is None and body):
            claimed = len(body) if length is None else length
            scope["headers"].append((b"content-length", str(claimed).encode()))
        await self.app(scope, receive, send)
        if not sent:
            return Answer(0, [], b"")
        assert [message["type"] for message in sent[:1]] == ["http.response.start"]
        assert not sent[-1].get("more_body")
        return Answer(
            sent[0]["status"],
            list(sent[0]["headers"]),
            b"".join(message.get("body", b"") for message in sent[1:]),
        )

    @staticmethod
    def encoded(body: Any) -> bytes:
        """The bytes of a body."""
        return body if isinstance(body, bytes) else json.dumps(body).encode()

    def scope(self, method: str, target: str, headers: Headers = ()) -> dict[str, Any]:
        """The ASGI scope of a request, as a server makes it."""
        path, _, query = target.partition("?")
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"shop.test")]
            + [
                (name.lower().encode(), value if isinstance(value, bytes) else value.encode())
                for name, value in pairs
            ],
            "client": (self.address, 50_000),
            "server": ("shop.test", 80),
        }
