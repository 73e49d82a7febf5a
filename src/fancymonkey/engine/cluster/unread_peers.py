"""The servers on which no client reads: they get the commits of a longer time as one."""

import asyncio
from collections.abc import Iterable, Iterator

import msgspec

from fancymonkey.core.model import Level
from fancymonkey.core.state import Rows
from fancymonkey.engine.cluster.codec import pack_commit, sends_levels
from fancymonkey.engine.cluster.frames import CommitMessage, frame_bytes
from fancymonkey.engine.cluster.peer import Peer, no_commits_wait
from fancymonkey.store.contract import Commit

UNREAD_SECONDS = 0.025
"""The time (s) for which a commit waits for others: each message wakes a process."""


class UnreadPeers:
    """Peers without readers, and the commits that wait for all of them.

    A peer gets what waits before any other message, and at once when it has readers.
    """

    def __init__(self) -> None:
        self._peers: dict[Peer, None] = {}
        self._waiting: list[Commit] = []
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._peers)

    def __contains__(self, peer: Peer) -> bool:
        return peer in self._peers

    def add(self, peer: Peer) -> None:
        """Counts a peer as one without readers."""
        self.send()
        self._peers[peer] = None
        peer.before_message = self.send

    def remove(self, peer: Peer) -> None:
        """Sends what waits, and counts the peer as one with readers."""
        if peer in self._peers:
            self.send()
            del self._peers[peer]
            peer.before_message = no_commits_wait

    def show(self, commit: Commit) -> None:
        """Sends a commit within UNREAD_SECONDS."""
        if not self._peers:
            return
        self._waiting.append(commit)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(UNREAD_SECONDS, self.send)

    def send(self) -> None:
        """Sends what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        commits, self._waiting = self._waiting, []
        data = b"".join(map(commit_message, merged(commits)))
        for peer in self._peers if data else ():
            peer.write_now(data)


def commit_message(commit: Commit) -> bytes:
    """The message with a commit."""
    return frame_bytes(CommitMessage(msgspec.Raw(pack_commit(commit))))


def merged(commits: Iterable[Commit]) -> Iterator[Commit]:
    """The same changes in fewer commits, without answers: neighbours are one commit if they only
    changed stock and holds, and no entry of another server is between them.
    """
    together: list[Commit] = []
    for commit in commits:
        if not (together and _follows(together[-1], commit)):
            yield from _one(together)
            together = []
        together.append(commit)
    yield from _one(together)


def _follows(before: Commit, commit: Commit) -> bool:
    """Whether the commit can be one with the commit before it."""
    next_one = commit.entries[0].revision == before.entries[-1].revision + 1
    return next_one and sends_levels(before) and sends_levels(commit)


def _one(commits: list[Commit]) -> Iterator[Commit]:
    if len(commits) < 2:
        yield from commits
        return
    entries = [entry for commit in commits for entry in commit.entries]
    changed: Rows = {Level: {}}
    for commit in commits:
        changed[Level].update(commit.changed.get(Level, {}))
    yield Commit([], entries, commits[-1].revision, own=len(entries), changed=changed)
