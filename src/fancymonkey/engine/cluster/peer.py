"""A server that the decider decides for."""

from collections.abc import Callable

from fancymonkey.engine.cluster.frames import MessageChannel

TOGETHER_SECONDS = 0.004
"""Commits within this time (s) are sent together, unless an answer follows."""
GIVEN_UP_SECONDS = 0.6
"""After a longer silence of its own a decider drops the commands that wait.

Shorter than the time after which their senders give it up.
"""


class Peer:
    """A server that this one decides for."""

    def __init__(self, channel: MessageChannel, timer: Callable[[], float]) -> None:
        self.channel = channel
        self._timer = timer
        self.running = 0
        """The number of its batches that have no answer yet."""
        self.before_message: Callable[[], None] = no_commits_wait
        """Sends the commits that wait elsewhere; is called before each message."""
        self._sent = self._shown = 0.0
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
        self.before_message()
        if not self.lost:
            self._sent = self._timer()
            self.channel.write_soon(data)

    def answer(self, data: bytes) -> None:
        """Sends the answers to a batch: at once, unless those to another batch follow."""
        self.write(data)
        self.running -= 1
        if not self.running:
            self.channel.flush()

    def show(self, data: bytes) -> None:
        """Sends a commit, together with others of that time or with the next answer."""
        now = self._timer()
        left = self._shown + TOGETHER_SECONDS - now
        if left <= 0:
            self._shown = now
            self.write(data)
        elif not self.lost:
            self.channel.write_within(data, left)

    def write_now(self, data: bytes) -> None:
        """Sends a message at once, after those that wait."""
        if not self.lost:
            self._sent = self._timer()
            self.channel.flush()
            self.channel.write(data)

    def end(self) -> None:
        """Ends the connection: no command of the peer runs from now on."""
        self._gone = True
        self.channel.abort()


def no_commits_wait() -> None:
    """There are no commits that wait elsewhere."""
