"""Bloom filters: whether a file may have a key. Nearly every question for a missing key ends here.

A filter never misses a key that is there; about one missing key in a thousand seems to be there.
"""

from collections.abc import Hashable, Iterable
from zlib import crc32

BITS_PER_KEY = 16
PROBES = (0, 1, 2, 3)


def mark_of(key: Hashable) -> int:
    """A number of 32 bits that stands for a key in every filter."""
    if isinstance(key, str):
        return crc32(key.encode())
    return crc32(repr(key).encode())


def _step(mark: int) -> int:
    """The distance of a mark's bits; odd, so that they differ."""
    return (mark * 0x9E3779B1 & 0xFFFFFFFF) >> 5 | 1


class KeyFilter:
    """The bits of a filter. Their number is a power of two."""

    __slots__ = ("bits", "mask")

    def __init__(self, bits: bytes) -> None:
        """Raises ValueError if the length is not a power of two."""
        size = len(bits)
        if size < 1 or size & (size - 1):
            raise ValueError("the length of a filter is wrong")
        self.bits, self.mask = bits, size * 8 - 1

    def may_have(self, mark: int) -> bool:
        """Whether a key with this mark may be among the keys."""
        bits, mask, step = self.bits, self.mask, _step(mark)
        for _ in PROBES:
            at = mark & mask
            if not bits[at >> 3] >> (at & 7) & 1:
                return False
            mark += step
        return True

    @classmethod
    def bits_of(cls, marks: Iterable[int], count: int) -> bytes:
        """The bits for `count` keys with these marks."""
        size = 8
        while size * 8 < count * BITS_PER_KEY:
            size *= 2
        bits, mask = bytearray(size), size * 8 - 1
        for mark in marks:
            step = _step(mark)
            for _ in PROBES:
                at = mark & mask
                bits[at >> 3] |= 1 << (at & 7)
                mark += step
        return bytes(bits)
