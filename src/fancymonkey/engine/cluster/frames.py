"""The messages between a decider and the servers that it decides for."""

import asyncio
import hmac
import secrets
from collections import deque
from collections.abc import Callable
from typing import cast

import msgspec
from msgspec import Struct

from fancymonkey.engine.cluster.codec import fingerprint

HELLO_MAX = 1024
"""The most bytes of a message before the peer has proved that it knows the secret."""

FRAME_MAX = 64 * 1024 * 1024
BUFFER_MAX = 16 * 1024 * 1024
"""The most bytes that wait for a slow peer; then the connection is closed."""

HANDSHAKE_SECONDS = 0.5


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
    """The decider's proof of the secret."""

    proof: bytes


class CommandBatch(Struct, array_like=True, tag="batch"):
    """Commands to decide. `sent` is the machine's monotonic time (s)."""

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
    """The decider works on the batches it has."""


class Leaving(Struct, array_like=True, tag="leaving"):
    """The decider takes no more batches."""


Frame = (
    Challenge
    | Hello
    | Welcome
    | CommandBatch
    | Answers
    | NotRun
    | CommitMessage
    | Heartbeat
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

    def __init__(self, accepted: Callable[["MessageChannel"], None] | None = None) -> None:
        self.limit = HELLO_MAX
        self._accepted = accepted
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._inbox: deque[Frame] = deque()
        self._work: Callable[[Frame], None] | None = None
        self._arrived = asyncio.Event()
        self._outbox: list[bytes] = []
        self._lost: LinkLost | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Is called by the event loop."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop has its own
        if self._accepted is not None:
            self._accepted(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Is called by the event loop."""
        self._end(str(exc or "it was closed"))

    def data_received(self, data: bytes) -> None:
        """Is called by the event loop."""
        if self._data:
            data = self._data + data
        at = 0
        while self._lost is None and len(data) - at >= 4:
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

    async def receive(self) -> Frame:
        """The next message. Raises LinkLost."""
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
        if not self._outbox:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self.flush)
        self._outbox.append(data)

    def flush(self) -> None:
        """Sends what `write_soon` has gathered."""
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


def _proof(secret: str, side: bytes, first: bytes, second: bytes) -> bytes:
    return hmac.digest(secret.encode(), side + b"\0" + first + second, "sha256")


async def admit(channel: MessageChannel, secret: str) -> None:
    """The decider's side of the handshake. Raises LinkLost, TimeoutError."""
    own = secrets.token_bytes(32)
    channel.send(Challenge(own))
    async with asyncio.timeout(HANDSHAKE_SECONDS):
        hello = await channel.receive()
    if not isinstance(hello, Hello) or len(hello.nonce) != 32:
        raise WrongPeer("an unexpected message")
    if not hmac.compare_digest(hello.proof, _proof(secret, b"server", own, hello.nonce)):
        raise WrongPeer("a peer that does not know the secret")
    if hello.fingerprint != fingerprint():
        raise WrongPeer("a server of another version")
    channel.send(Welcome(_proof(secret, b"decider", hello.nonce, own)))
    channel.limit = FRAME_MAX


async def introduce(channel: MessageChannel, secret: str) -> None:
    """The other side of the handshake. Raises LinkLost, TimeoutError."""
    own = secrets.token_bytes(32)
    async with asyncio.timeout(HANDSHAKE_SECONDS):
        challenge = await channel.receive()
        if not isinstance(challenge, Challenge) or len(challenge.nonce) != 32:
            raise WrongPeer("an unexpected message")
        proof = _proof(secret, b"server", challenge.nonce, own)
        channel.send(Hello(own, proof, fingerprint()))
        welcome = await channel.receive()
    expected = _proof(secret, b"decider", own, challenge.nonce)
    if not isinstance(welcome, Welcome) or not hmac.compare_digest(welcome.proof, expected):
        raise WrongPeer("a decider that does not know the secret")
    channel.limit = FRAME_MAX
