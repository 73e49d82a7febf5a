"""The same requests as bytes to a `FastPathProtocol`, in this process and without a socket."""

import asyncio
from typing import Any

import httptools
import uvicorn
from uvicorn.server import ServerState

from fancymonkey.web.server.fast_path import FastPathProtocol, FastPathRequest
from tests.web.client import Answer, Client, Headers

NOT_IN_A_HEADER = frozenset(range(32)) - {9} | {127}


class Transport(asyncio.Transport):
    """Keeps what the server writes."""

    def __init__(self, address: str = "203.0.113.7") -> None:
        super().__init__({"peername": (address, 50_000), "sockname": ("203.0.113.1", 80)})
        self.written = b""
        self.unread = 0
        self.aborted = False
        self.ended = False
        self.changed = asyncio.Event()
        self._closing = False
        self._protocol: Any = None

    def write(self, data: Any) -> None:
        self.written += bytes(data)
        self.changed.set()

    def close(self) -> None:
        self._closing = True
        self.changed.set()

    def abort(self) -> None:
        self.aborted = True
        self.close()

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self._closing

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Parsed:
    """Parses answers as they arrive."""

    def __init__(self, *, head: bool = False) -> None:
        self.answers: list[Answer] = []
        self._head = head
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._headers, self._body = [], b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self.answers.append(Answer(status, self._headers, self._body))


def connection(
    app: Any, address: str = "203.0.113.7", **config: Any
) -> tuple[FastPathProtocol, Transport]:
    """A new connection to the app."""
    made = uvicorn.Config(
        app, http=FastPathProtocol, lifespan="off", access_log=False, log_config=None
    )
    for name, value in config.items():
        setattr(made, name, value)
    made.load()
    transport = Transport(address)
    protocol = FastPathProtocol(made, ServerState(), {}, asyncio.get_running_loop())
    protocol.connection_made(transport)
    return protocol, transport


class FastPathClient(Client):
    """A client whose hot requests must take the fast path; the others go by ASGI."""

    def elsewhere(self, address: str) -> "FastPathClient":
        return FastPathClient(self.app, address)

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
        scope = self.scope(method, target, headers)
        path, _, query = target.partition("?")
        names = [name for name, _ in scope["headers"]]
        if (
            (method.encode(), path.encode()) not in self.app.hot
            or chunks is not None
            or length is not None
            or breaks_off
            or b"content-length" in names
            or not all(map(_goes_on_the_wire, scope["headers"]))
            or not (query.isascii() and query.isprintable() and "#" not in query)
            or (isinstance(body, bytes) and len(body) > 60_000)
        ):
            return await super().request(
                method, target, body, headers, chunks=chunks, length=length, breaks_off=breaks_off
            )
        raw = self.encoded(body)
        lines = [f"{method} {target} HTTP/1.1".encode()]
        lines += [b"%b: %b" % pair for pair in scope["headers"]]
        if raw:
            lines.append(b"content-length: %d" % len(raw))
        protocol, transport = connection(self.app, self.address)
        protocol.data_received(b"\r\n".join(lines) + b"\r\n\r\n")
        if raw:
            protocol.data_received(raw[:7])
            protocol.data_received(raw[7:])
        assert isinstance(protocol.cycle, FastPathRequest), "this went by ASGI"
        parsed = Parsed()
        while not protocol.cycle.response_complete:
            transport.changed.clear()
            await transport.changed.wait()
        parsed.feed(transport.written)
        (answer,) = parsed.answers
        protocol.connection_lost(None)
        return answer


def _goes_on_the_wire(header: tuple[bytes, bytes]) -> bool:
    name, value = header
    return (
        name.replace(b"-", b"").isalnum()
        and not NOT_IN_A_HEADER & set(value)
        and value == value.strip()
        and name not in (b"connection", b"transfer-encoding", b"upgrade", b"expect")
    )
