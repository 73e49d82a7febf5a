"""The deciding server: runs the commands of others in its own batches, and sends them its commits.

A command of another server runs only while that server can still expect its answer. A decider that
was stopped for a while drops the commands that wait: their senders have given it up by then.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

import msgspec

from fancymonkey.core.outcomes import Answer
from fancymonkey.engine.cluster.codec import pack_answers, pack_commit, unpack_commands
from fancymonkey.engine.cluster.frames import (
    Answers,
    CommandBatch,
    CommitMessage,
    Frame,
    Heartbeat,
    Leaving,
    LinkLost,
    MessageChannel,
    NotRun,
    admit,
    frame_bytes,
)
from fancymonkey.engine.cluster.network import Listening, Network
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.pending_answer import PendingAnswer
from fancymonkey.engine.view import View
from fancymonkey.errors import StoreError
from fancymonkey.store.contract import Commit

log = logging.getLogger(__name__)

BEAT_SECONDS = 0.1
"""How often a server that waits for an answer gets a sign of life."""
GIVEN_UP_SECONDS = 0.6
"""After a longer silence of its own a decider drops the commands that wait.

Shorter than the time after which their senders give it up.
"""
LEAVE_SECONDS = 2.0
CONNECTIONS_MAX = 256


class Peer:
    """A server that this one decides for."""

    def __init__(self, channel: MessageChannel, timer: Callable[[], float]) -> None:
        self.channel = channel
        self._timer = timer
        self.running = 0
        """The number of its batches that have no answer yet."""
        self._sent = 0.0
        self._gone = False

    @property
    def lost(self) -> bool:
        """Whether the peer no longer expects answers."""
        if not self._gone and self.running and self._timer() - self._sent > GIVEN_UP_SECONDS:
            self.end()
        return self._gone

    def begin(self, sent: float) -> None:
        """Counts a batch that was sent at this time."""
        if not self.running:
            self._sent = sent
        self.running += 1

    def write(self, data: bytes) -> None:
        """Sends a message, unless the peer is lost."""
        if not self.lost:
            self._sent = self._timer()
            self.channel.write_soon(data)

    def end(self) -> None:
        """Ends the connection: nothing of the peer runs from now on."""
        self._gone = True
        self.channel.abort()


class ForwardedAnswer(PendingAnswer):
    """The answer to a command of a peer. It is cancelled once the peer is lost."""

    __slots__ = ("_peer",)

    def __init__(self, peer: Peer) -> None:
        super().__init__()
        self._peer = peer

    def cancelled(self) -> bool:
        """Whether the peer no longer expects the answer. The batcher then drops the command."""
        if self._peer.lost:
            self.cancel()
        return super().cancelled()


class _BatchGroup:
    """The answers to one batch of a peer. They are sent together when the last one is there."""

    def __init__(self, peer: Peer, number: int, size: int, view: View) -> None:
        self._peer, self._number, self._left = peer, number, size
        self._view = view
        self.waiters = [ForwardedAnswer(peer) for _ in range(size)]
        for waiter in self.waiters:
            waiter.then(self._one_done)

    def _one_done(self) -> None:
        self._left -= 1
        if self._left:
            return
        answers = pack_answers([_outcome(waiter) for waiter in self.waiters])
        message = Answers(self._number, self._view.revision, msgspec.Raw(answers))
        self._peer.write(frame_bytes(message))
        self._peer.running -= 1


def _outcome(waiter: PendingAnswer) -> Answer | Exception:
    try:
        return waiter.result()
    except Exception as error:  # noqa: BLE001 - it is sent in place of the answer
        return error
    except asyncio.CancelledError:
        return LinkLost("its sender is lost")


class Decider:
    """Runs the commands of other servers beside its own."""

    def __init__(self, engine: Engine, secret: str, timer: Callable[[], float]) -> None:
        """`timer` returns seconds that also pass while the process is stopped."""
        self._engine = engine
        self._timer = timer
        self._secret = secret
        self._peers: dict[Peer, None] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._listening: Listening | None = None
        self._leaving = False
        self.forwarded = 0
        """The number of commands that it has taken from others."""

    @property
    def peers(self) -> int:
        """The number of servers that it decides for."""
        return len(self._peers)

    async def start(self, network: Network) -> str:
        """Listens, and returns the address. Raises OSError."""
        address, self._listening = await network.listen(self._accept)
        self._start(self._beat())
        self._engine.on_commit = self._relay
        return address

    async def stop(self) -> None:
        """Takes no more commands, finishes those it has, and closes the connections."""
        self._leaving = True
        if self._listening is not None:
            self._listening.close()
        for peer in self._peers:
            peer.write(frame_bytes(Leaving()))
        for _ in range(int(LEAVE_SECONDS / BEAT_SECONDS)):
            if not any(peer.running and not peer.lost for peer in self._peers):
                break
            await asyncio.sleep(BEAT_SECONDS / 10)
        self._engine.on_commit = None
        for peer in list(self._peers):
            peer.channel.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def _accept(self, channel: MessageChannel) -> None:
        if self._leaving or len(self._tasks) > CONNECTIONS_MAX:
            channel.abort()
            return
        self._start(self._serve(channel))

    async def _serve(self, channel: MessageChannel) -> None:
        peer = Peer(channel, self._timer)
        try:
            await admit(channel, self._secret)
            self._peers[peer] = None
            channel.pass_to(partial(self._take, peer))
            raise await channel.ended()
        except (LinkLost, TimeoutError) as error:
            log.info("a connection of another server has ended: %r", error)
        finally:
            self._peers.pop(peer, None)
            peer.end()

    def _take(self, peer: Peer, message: Frame) -> None:
        if not isinstance(message, CommandBatch):
            raise LinkLost("an unexpected message")
        self._run(peer, message)

    def _run(self, peer: Peer, message: CommandBatch) -> None:
        """Queues the commands of a batch beside those of this server. Raises LinkLost."""
        if self._leaving:
            peer.write(frame_bytes(NotRun(message.number)))
            return
        if self._timer() - message.sent > GIVEN_UP_SECONDS:
            raise LinkLost("a batch that its sender has given up")
        try:
            commands = unpack_commands(message.commands)
        except (msgspec.DecodeError, ValueError, IndexError, TypeError) as error:
            raise LinkLost(f"a batch that cannot be read: {error}") from error
        if not commands:
            raise LinkLost("an empty batch")
        self.forwarded += len(commands)
        peer.begin(message.sent)
        group = _BatchGroup(peer, message.number, len(commands), self._engine.view)
        for command, waiter in zip(commands, group.waiters, strict=True):
            try:
                self._engine.batcher.take(command, waiter)
            except StoreError as error:
                waiter.set_exception(error)

    def _relay(self, commit: Commit) -> None:
        """Sends a commit to every peer, before any caller gets its answer."""
        if self._peers and commit.entries:
            data = frame_bytes(CommitMessage(msgspec.Raw(pack_commit(commit))))
            for peer in self._peers:
                peer.write(data)

    async def _beat(self) -> None:
        beat = frame_bytes(Heartbeat())
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            for peer in list(self._peers):
                if peer.running:
                    peer.write(beat)
