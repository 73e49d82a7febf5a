"""The deciding server: runs the commands of others in its own batches, and sends them its commits.

A command of another server runs only while that server can still expect its answer. A decider that
was stopped for a while drops the commands that wait: their senders have given it up by then.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

import msgspec

from fancymonkey.core.outcomes import Answer
from fancymonkey.engine.cluster.codec import pack_answers, unpack_commands
from fancymonkey.engine.cluster.frames import (
    Answers,
    CommandBatch,
    Frame,
    Heartbeat,
    Leaving,
    LinkLost,
    MessageChannel,
    NotRun,
    Readers,
    frame_bytes,
)
from fancymonkey.engine.cluster.handshake import admit
from fancymonkey.engine.cluster.network import Listening, Network
from fancymonkey.engine.cluster.peer import GIVEN_UP_SECONDS, Peer
from fancymonkey.engine.cluster.unread_peers import UnreadPeers, commit_message
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.pending_answer import PendingAnswer
from fancymonkey.engine.view.view import View
from fancymonkey.errors import StoreError
from fancymonkey.store.contract import Commit

log = logging.getLogger(__name__)

BEAT_SECONDS = 0.1
"""The interval of signs of life to a server that waits for an answer."""
IDLE_BEATS = 10
"""A server on another machine gets every tenth beat also while it waits for no answer."""
LEAVE_SECONDS = 2.0
"""The time for which a decider that shuts down still works for its peers."""
FAREWELL_SECONDS = 0.5
"""The time for which it waits for peers without work to close their connections."""
PEERS_MAX = 256
STRANGERS_MAX = 64
"""The most connections without a proof of the secret; beyond, the oldest of them is closed."""


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
        self._peer.answer(frame_bytes(message))


def _outcome(waiter: PendingAnswer) -> Answer | Exception:
    try:
        return waiter.result()
    except Exception as error:  # noqa: BLE001 - it is sent in place of the answer
        return error
    except asyncio.CancelledError:
        return LinkLost("its sender is lost")


class Decider:
    """Runs the commands of other servers beside its own."""

    def __init__(
        self,
        engine: Engine,
        secret: str,
        timer: Callable[[], float],
        welcomes: Callable[[], int] = int,
    ) -> None:
        """`timer` returns seconds that also pass while the process is stopped.

        `welcomes` returns the number of the listening socket whose connections it takes, or 0.
        """
        self._engine = engine
        self._timer = timer
        self._secret = secret
        self._welcomes = welcomes
        self._peers: dict[Peer, None] = {}
        self._unread = UnreadPeers()
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._strangers: dict[MessageChannel, None] = {}
        self._listening: list[Listening] = []
        self._leaving = False
        self.forwarded = 0
        """The number of commands that it has taken from others."""

    @property
    def peers(self) -> int:
        """The number of servers that it decides for."""
        return len(self._peers)

    def knows(self, secret: str) -> bool:
        """Whether this is the secret that it asks for."""
        return secret == self._secret

    async def start(self, networks: Sequence[Network]) -> list[str]:
        """Listens on each network, and returns the addresses; one that cannot be used is empty.

        Raises OSError if none can.
        """
        addresses: list[str] = []
        errors: list[OSError] = []
        for network in networks:
            try:
                address, listening = await network.listen(self._accept)
            except OSError as error:
                log.info("this server cannot listen for others: %s", error)
                errors.append(error)
                address = ""
            else:
                self._listening.append(listening)
            addresses.append(address)
        if len(errors) == len(networks):
            raise errors[0]
        self._start(self._beat())
        self._engine.on_commit = self._relay
        self._engine.on_catch_up = self._report
        return addresses

    def accept_no_more(self) -> None:
        """Accepts no more connections; those that it has stay."""
        for listening in self._listening:
            listening.close()
        self._listening.clear()

    async def stop(self) -> None:
        """Takes no more commands, finishes those it has, and closes the connections."""
        self._leaving = True
        self.accept_no_more()
        for peer in self._peers:
            peer.write(frame_bytes(Leaving()))
        await self._wait_for_peers()
        if self._engine.on_commit == self._relay:  # not yet that of a successor in this process
            self._engine.on_commit = self._engine.on_catch_up = None
        self._unread.send()
        for peer in list(self._peers):
            peer.channel.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wait_for_peers(self) -> None:
        """Returns when every peer has its answers and has closed its connection.

        A batch may be on its way until then: it is returned, and its sender decides it.
        """
        begun = self._timer()
        while peers := [peer for peer in self._peers if not peer.lost]:
            limit = LEAVE_SECONDS if any(peer.running for peer in peers) else FAREWELL_SECONDS
            if self._timer() - begun > limit:
                break
            await asyncio.sleep(BEAT_SECONDS / 10)

    def _start(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def _accept(self, channel: MessageChannel) -> None:
        if self._leaving or len(self._peers) >= PEERS_MAX:
            channel.abort()
            return
        if len(self._strangers) >= STRANGERS_MAX:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.abort()
        self._strangers[channel] = None
        self._start(self._serve(channel))

    async def _serve(self, channel: MessageChannel) -> None:
        peer = Peer(channel, self._timer)
        try:
            try:
                await admit(channel, self._secret, self._timer)
            finally:
                self._strangers.pop(channel, None)
            if self._leaving:
                raise LinkLost("this server no longer decides")
            self._peers[peer] = None
            channel.pass_to(partial(self._take, peer))
            raise await channel.ended()
        except (LinkLost, TimeoutError, OSError) as error:
            log.info("a connection of another server has ended: %r", error)
        finally:
            self._peers.pop(peer, None)
            self._unread.remove(peer)
            peer.end()

    def _take(self, peer: Peer, message: Frame) -> None:
        if isinstance(message, Readers):
            (self._unread.remove if message.present else self._unread.add)(peer)
        elif isinstance(message, CommandBatch):
            self._run(peer, message)
        else:
            raise LinkLost("an unexpected message")

    def _run(self, peer: Peer, message: CommandBatch) -> None:
        """Queues the commands of a batch beside those of this server. Raises LinkLost."""
        if self._leaving:
            peer.write(frame_bytes(NotRun(message.number)))
            return
        if self._timer() - message.sent > GIVEN_UP_SECONDS:
            # Its sender has given it up, or decides it now: its clock may be known badly.
            peer.write(frame_bytes(NotRun(number=message.number)))
            return
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
        self._engine.batcher.begin()

    def _relay(self, commit: Commit) -> None:
        """Sends a commit to every peer, before any caller gets its answer."""
        if not commit.entries:
            return
        if len(self._unread) < len(self._peers):
            data = commit_message(commit)
            for peer in self._peers:
                if peer not in self._unread:
                    peer.show(data)
        self._unread.show(commit)

    async def _beat(self) -> None:
        for number in count():
            await asyncio.sleep(BEAT_SECONDS)
            beat = frame_bytes(self._heartbeat())
            idle = number % IDLE_BEATS == 0
            for peer in list(self._peers):
                if peer.running or idle or not peer.channel.remote:
                    peer.write(beat)

    def _heartbeat(self) -> Heartbeat:
        revision = self._engine.view.revision if self._engine.store.listens else None
        return Heartbeat(self._timer(), self._welcomes(), revision)

    def _report(self) -> None:
        """Reports the revision at once: peers on this machine do not listen for it themselves."""
        beat = frame_bytes(self._heartbeat())
        for peer in self._peers:
            if not peer.channel.remote:
                peer.write(beat)
