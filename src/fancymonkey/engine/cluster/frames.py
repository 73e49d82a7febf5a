"""The messages between a decider and the servers that it decides for."""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import cast

import msgspec
from msgspec import Struct

from fancymonkey.engine.cluster import tls

HELLO_MAX = 1024
"""The most bytes of a message before the peer has proved that it knows the secret."""

FRAME_MAX = 64 * 1024 * 1024
BUFFER_MAX = 16 * 1024 * 1024
"""The most bytes that wait for a slow peer; then the connection is closed."""

UNCONFIRMED_MS = 5000
"""The time within which another machine's system must confirm sent bytes."""


class LinkLost(Exception):
    """The connection to the other server has ended, or the server does not answer."""


class WrongPeer(LinkLost):
    """The other server has another version, or does not know the secret."""


class Challenge(Struct, array_like=True, tag="challenge"):
    """The first message: random bytes of the decider."""

    nonce: bytes


class Hello(Struct, array_like=True, tag="hello"):
    """The reply: proof of the secret, and the version of the program."""

    nonce: bytes
    proof: bytes
    fingerprint: str


class Welcome(Struct, array_like=True, tag="welcome"):
    """The decider's proof of the secret, and its monotonic time (s)."""

    proof: bytes
    at: float


class Sealed(Struct, array_like=True, tag="sealed"):
    """Proof of the secret and of the encrypted connection on which it is sent.

    `at` is the monotonic time (s) of the sender.
    """

    proof: bytes
    at: float


class CommandBatch(Struct, array_like=True, tag="batch"):
    """Commands to decide. `sent` is the decider's monotonic time (s), or a little earlier."""

    number: int
    sent: float
    commands: msgspec.Raw


class Answers(Struct, array_like=True, tag="answers"):
    """The answers to a batch, durable and as of a revision of the ledger."""

    number: int
    revision: int
    answers: msgspec.Raw


class NotRun(Struct, array_like=True, tag="not run"):
    """No command of the batch has run or will run: the sender has to decide it."""

    number: int


class CommitMessage(Struct, array_like=True, tag="commit"):
    """A commit, for the view of the receiver."""

    commit: msgspec.Raw


class Heartbeat(Struct, array_like=True, tag="beat"):
    """A sign of life of the decider, with its monotonic time (s).

    `welcomes` is the number of the listening socket whose connections it takes first, or 0.
    `revision` is the one that it shows; None if it may not notice commits of others at once.
    """

    at: float
    welcomes: int = 0
    revision: int | None = None


class Readers(Struct, array_like=True, tag="readers"):
    """Whether clients read on the sender's server at present: then it gets each commit soon."""

    present: bool


class Leaving(Struct, array_like=True, tag="leaving"):
    """The decider takes no more batches."""


Frame = (
    Challenge
    | Hello
    | Welcome
    | Sealed
    | CommandBatch
    | Answers
    | NotRun
    | CommitMessage
    | Heartbeat
    | Readers
    | Leaving
)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Frame).decode


def frame_bytes(frame: Frame) -> bytes:
    """A message with its length."""
    body = _encode(frame)
    return len(body).to_bytes(4, "big") + body


class MessageChannel(asyncio.Protocol):
    """A connection that carries messages.

    `receive` returns them one by one; after `pass_to` each goes to a function at once.
    """

    def __init__(
        self, accepted: Callable[["MessageChannel"], None] | None = None, *, remote: bool = False
    ) -> None:
        """`remote`: it leads to another machine, and must be encrypted."""
        self.remote = remote
        self.limit = HELLO_MAX
        self._accepted = accepted
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._paused = False
        """Whether bytes wait for the proof of the peer."""
        self._inbox: deque[Frame] = deque()
        self._work: Callable[[Frame], None] | None = None
        self._arrived = asyncio.Event()
        self._outbox: list[bytes] = []
        self._flushing: asyncio.TimerHandle | None = None
        """The timer that sends the outbox."""
        self._sends_soon = False
        """Whether the next turn sends it."""
        self._lost: LinkLost | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Is called by the event loop."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop has its own
        if self.remote:
            _bound_silence(transport.get_extra_info("socket"))
        if self._accepted is not None:
            self._accepted(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Is called by the event loop."""
        self._end(str(exc or "it was closed"))

    def data_received(self, data: bytes) -> None:
        """Is called by the event loop."""
        self._read(self._data + data if self._data else data)

    def _read(self, data: bytes) -> None:
        """Reads the messages in these bytes, and keeps the rest.

        Until the peer has proved that it knows the secret, they are read one by one: the proof may
        come together with larger messages that follow it.
        """
        at = 0
        while self._lost is None and len(data) - at >= 4:
            if self._inbox and self.limit == HELLO_MAX:
                self._pause(paused=True)
                break
            size = int.from_bytes(data[at : at + 4], "big")
            if size > self.limit:
                self._end(f"a message of {size} bytes")
                return
            if len(data) - at - 4 < size:
                break
            try:
                frame = _decode(memoryview(data)[at + 4 : at + 4 + size])
            except (msgspec.DecodeError, ValueError) as error:
                self._end(f"a message that cannot be read: {error}")
                return
            at += 4 + size
            self._pass(frame)
        self._data = data[at:] if at else data

    def _read_on(self) -> None:
        """Reads the messages that were not read before the proof."""
        if self._paused:
            self._pause(paused=False)
            self._read(self._data)

    def _pause(self, *, paused: bool) -> None:
        if self._transport is None or paused == self._paused:
            return
        self._paused = paused
        if not self._transport.is_closing():
            (self._transport.pause_reading if paused else self._transport.resume_reading)()

    def _pass(self, frame: Frame) -> None:
        if self._work is None:
            self._inbox.append(frame)
            self._arrived.set()
            return
        try:
            self._work(frame)
        except LinkLost as error:
            self._end(str(error))

    def pass_to(self, work: Callable[[Frame], None]) -> None:
        """Calls `work` with each message from now on. It may raise LinkLost."""
        self._work = work
        while self._inbox:
            self._pass(self._inbox.popleft())
        self._read_on()

    async def receive(self) -> Frame:
        """The next message. Raises LinkLost."""
        if not self._inbox:
            self._read_on()
        while not self._inbox:
            self._arrived.clear()
            if self._lost is not None:
                raise self._lost
            await self._arrived.wait()
        return self._inbox.popleft()

    async def ended(self) -> LinkLost:
        """Returns why the connection has ended, once it has."""
        while self._lost is None:
            self._arrived.clear()
            await self._arrived.wait()
        return self._lost

    async def encrypt(self, *, accepting: bool) -> bytes:
        """Encrypts everything from now on; returns a value that only this connection has.

        Raises LinkLost.
        """
        if self._data or self._inbox or self._transport is None or self._lost is not None:
            raise self._lost or WrongPeer("bytes that came before the encryption")
        try:
            transport = await asyncio.get_running_loop().start_tls(
                self._transport, self, tls.context(accepting=accepting), server_side=accepting
            )
        except (OSError, ssl.SSLError) as error:
            raise WrongPeer(f"the connection cannot be encrypted: {error}") from error
        if transport is None:
            raise LinkLost("it was closed while it was encrypted")
        self._transport = transport
        binding: bytes | None = transport.get_extra_info("ssl_object").get_channel_binding()
        if not binding:
            raise WrongPeer("an encrypted connection without a value of its own")
        return binding

    def send(self, frame: Frame) -> None:
        """Sends a message. Closes the connection if the peer does not read."""
        self.write(frame_bytes(frame))

    def write(self, data: bytes) -> None:
        """Sends the bytes of a message: see `send`."""
        transport = self._transport
        if transport is None or self._lost is not None:
            return
        transport.write(data)
        if transport.get_write_buffer_size() > BUFFER_MAX:
            self._end("the peer does not read")

    def write_soon(self, data: bytes) -> None:
        """Sends the bytes of a message together with those that follow in this turn and the next.

        A peer then wakes once for a commit and for the answers that come after it.
        """
        if not self._sends_soon:
            self._sends_soon = True
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self.flush)
        self._outbox.append(data)

    def write_within(self, data: bytes, seconds: float) -> None:
        """Sends the bytes of a message together with those that follow within a time (s)."""
        if not self._outbox:
            self._flushing = asyncio.get_running_loop().call_later(seconds, self.flush)
        self._outbox.append(data)

    def flush(self) -> None:
        """Sends the bytes that `write_soon` and `write_within` have gathered."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self._sends_soon = False
        data, self._outbox = b"".join(self._outbox), []
        if data:
            self.write(data)

    def close(self) -> None:
        """Closes the connection; messages that were sent still arrive."""
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Closes the connection at once."""
        self._end("it was closed here")

    def _end(self, reason: str) -> None:
        if self._lost is None:
            self._lost = LinkLost(reason)
        self._arrived.set()
        if self._transport is not None:
            self._transport.abort()


def _bound_silence(connection: socket.socket | None) -> None:
    """Lets the system close a connection whose other machine is gone."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)  # only Linux has it
    if connection is not None and option is not None:
        connection.setsockopt(socket.IPPROTO_TCP, option, UNCONFIRMED_MS)
