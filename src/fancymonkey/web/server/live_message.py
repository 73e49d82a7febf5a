"""A live message: encoded once, and shared by all listeners that get it."""

from collections.abc import Iterator

from websockets.frames import Frame, Opcode

from fancymonkey.web.http.pieces import Body, pieces_of

PIECE = 64 * 1024
"""Bytes of a long message that are written at once; the next follow once they are read."""

Piece = bytes | memoryview


class LiveMessage:
    """JSON about stock, as an event of a stream and as frames of a WebSocket."""

    __slots__ = ("_chunk", "_frames", "body", "fresh", "head", "revision", "seconds")

    def __init__(self, body: Body, revision: int, *, fresh: bool, seconds: float = 0.0) -> None:
        """`fresh`: a whole snapshot. `seconds` is the CPU time that its encoding took."""
        self.body = body
        self.revision = revision
        self.fresh = fresh
        self.seconds = seconds
        kind = b"snapshot" if fresh else b"change"
        self.head = b"id: %d\nevent: %b\ndata: " % (revision, kind)
        self._chunk = b""
        self._frames: list[bytes] = []

    @property
    def size(self) -> int:
        """The size of the JSON in bytes."""
        return len(self.body)

    def events(self) -> Iterator[Piece]:
        """The bytes of the event: at once if they are few, else in pieces without a copy."""
        if len(self.body) <= PIECE:
            yield b"%b%b\n\n" % (self.head, bytes(self.body))
            return
        yield self.head
        yield from pieces_of(self.body).slices(PIECE)
        yield b"\n\n"

    def chunk(self) -> bytes:
        """The event as one chunk of a chunked HTTP response."""
        if not self._chunk:
            size = len(self.head) + len(self.body) + 2
            self._chunk = b"%x\r\n%b%b\n\n\r\n" % (size, self.head, bytes(self.body))
        return self._chunk

    def frames(self) -> list[bytes]:
        """WebSocket frames of at most PIECE bytes, kept for further listeners."""
        if not self._frames:
            self._frames = list(self.long_frames())
        return self._frames

    def long_frames(self) -> Iterator[bytes]:
        """The same one by one, not kept. A server's frames are not masked."""
        left, opcode = len(self.body), Opcode.TEXT
        if not left:
            yield Frame(opcode, b"").serialize(mask=False)
        for piece in pieces_of(self.body).slices(PIECE):
            left -= len(piece)
            yield Frame(opcode, piece, fin=not left).serialize(mask=False)
            opcode = Opcode.CONT


def chunks(message: LiveMessage) -> Iterator[list[Piece]]:
    """The pieces of a long event, each as a chunk of a chunked HTTP response."""
    for piece in message.events():
        yield [b"%x\r\n" % len(piece), piece, b"\r\n"]
