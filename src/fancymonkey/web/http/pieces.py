"""A long body in pieces, which several responses share."""

from collections.abc import Iterator, Sequence


class Pieces:
    """The bytes of all pieces, one after the other. It never changes."""

    __slots__ = ("_size", "parts")

    def __init__(self, parts: Sequence[bytes]) -> None:
        self.parts = parts
        self._size = sum(map(len, parts))

    def __len__(self) -> int:
        """The number of bytes."""
        return self._size

    def __bytes__(self) -> bytes:
        """A copy in one piece."""
        return b"".join(self.parts)

    def slices(self, size: int) -> Iterator[memoryview]:
        """The same bytes in slices of at most `size`, without a copy."""
        for part in self.parts:
            whole = memoryview(part)
            for at in range(0, len(part), size):
                yield whole[at : at + size]


Body = bytes | Pieces
"""The body of a response."""


def pieces_of(body: Body) -> Pieces:
    """The body as pieces; a short one is one piece."""
    return body if isinstance(body, Pieces) else Pieces((body,))
