"""A small HTTP client over keep-alive connections that returns each answer."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


class Broken(ConnectionError):
    """The connection ended before the answer came: whether the request counts is unknown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Client:
    """Connections to one server, used in turn: as many at once as there are callers."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._host, self._port = host, port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._busy: set[asyncio.StreamWriter] = set()
        self.requests = 0

    async def get(self, path: str) -> Answer:
        """Gets a path. Raises Broken."""
        return await self.send(b"GET", path, b"", {})

    async def post(
        self, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Posts JSON (bytes go as they are). Raises Broken."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.send(b"POST", path, raw, headers or {})

    async def send(
        self, method: bytes, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """Sends one request and reads its answer. Raises Broken."""
        lines = [b"%b %b HTTP/1.1" % (method, path.encode()), b"Host: %b" % self._host.encode()]
        lines += [f"{name}: {value}".encode() for name, value in headers.items()]
        lines += [b"Content-Length: %d" % len(body), b"Content-Type: application/json"]
        self.requests += 1
        reader, writer = await self._connection()
        self._busy.add(writer)
        whole = False
        try:
            writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            head = await reader.readuntil(b"\r\n\r\n")
            at = head.find(b"content-length: ")
            length = 0 if at < 0 else int(head[at + 16 : head.find(b"\r", at)])
            answer = Answer(int(head[9:12]), await reader.readexactly(length))
            whole = True
            return answer
        except (OSError, EOFError) as error:
            raise Broken(str(error)) from error
        finally:
            self._busy.discard(writer)
            if whole:
                self._idle.append((reader, writer))
            else:
                writer.close()

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not (reader.at_eof() or writer.is_closing()):
                return reader, writer
            writer.close()
        try:
            return await asyncio.open_connection(self._host, self._port)
        except OSError as error:
            raise Broken(str(error)) from error

    def close(self) -> None:
        """Closes the connections, also those that wait for an answer."""
        for writer in [*self._busy, *(writer for _, writer in self._idle)]:
            writer.close()
        self._idle.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def signed(secret: str, event: object) -> tuple[bytes, dict[str, str]]:
    """A Stripe event as it is sent: its bytes and the header with a current signature."""
    body = json.dumps(event).encode()
    at = int(time.time())
    mark = hmac.new(secret.encode(), b"%d.%b" % (at, body), hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={at},v1={mark}"}


def paid(event_id: str, session_id: str) -> dict[str, Any]:
    """A checkout that was paid: Stripe's event, with the fields that the service reads."""
    return {
        "id": event_id,
        "object": "event",
        "type": "checkout.session.completed",
        "data": {
            "object": {
                "id": f"cs_{event_id}",
                "object": "checkout.session",
                "client_reference_id": session_id,
                "payment_status": "paid",
            }
        },
    }
