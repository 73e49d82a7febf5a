"""Two servers prove to each other that they know the secret of the lease.

No other message is read from a connection before that. Between machines the connection is encrypted
afterwards, and a second proof on both sides covers the encrypted connection itself.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable

from fancymonkey.engine.cluster.codec import fingerprint
from fancymonkey.engine.cluster.frames import (
    FRAME_MAX,
    Challenge,
    Frame,
    Hello,
    MessageChannel,
    Sealed,
    Welcome,
    WrongPeer,
)

HANDSHAKE_SECONDS = 0.5
ENCRYPT_SECONDS = 2.0
"""The time limit of the encryption: the keys alone take about 10 ms of each processor."""


def _proof(secret: str, side: bytes, first: bytes, second: bytes) -> bytes:
    return hmac.digest(secret.encode(), side + b"\0" + first + second, "sha256")


async def admit(channel: MessageChannel, secret: str, timer: Callable[[], float]) -> None:
    """The decider's side; `timer` returns its time (s). Raises LinkLost, TimeoutError."""
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
    channel.send(Welcome(_proof(secret, b"decider", hello.nonce, own), timer()))
    if channel.remote:
        theirs, mine = await _sealed_proofs(channel, secret, own + hello.nonce, accepting=True)
        async with asyncio.timeout(ENCRYPT_SECONDS):
            _check_sealed(await channel.receive(), theirs)
        channel.send(Sealed(mine, timer()))
    channel.limit = FRAME_MAX


async def introduce(channel: MessageChannel, secret: str) -> float:
    """The other side; returns the decider's time (s). Raises LinkLost, TimeoutError."""
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
    at = welcome.at
    if channel.remote:
        mine, theirs = await _sealed_proofs(channel, secret, challenge.nonce + own, accepting=False)
        channel.send(Sealed(mine, 0.0))
        async with asyncio.timeout(ENCRYPT_SECONDS):
            at = _check_sealed(await channel.receive(), theirs)
    channel.limit = FRAME_MAX
    return at


async def _sealed_proofs(
    channel: MessageChannel, secret: str, nonces: bytes, *, accepting: bool
) -> tuple[bytes, bytes]:
    """Encrypts the connection. Returns the proofs of server and decider that it has no third party.

    Raises as `admit` does.
    """
    async with asyncio.timeout(ENCRYPT_SECONDS):
        binding = await channel.encrypt(accepting=accepting)
    server = _proof(secret, b"sealed server", nonces, binding)
    return server, _proof(secret, b"sealed decider", nonces, binding)


def _check_sealed(message: Frame, proof: bytes) -> float:
    """The time in the message. Raises WrongPeer without this proof."""
    if not isinstance(message, Sealed) or not hmac.compare_digest(message.proof, proof):
        raise WrongPeer("a connection that a third party has encrypted")
    return message.at
