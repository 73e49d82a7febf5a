"""The content of a disk after a power cut, page by page.

Written pages are in the cache of the system until a sync. After a failed sync they stay there,
readable and marked as clean, and never reach the medium, as on ext4: not with a later sync, and not
if the same place of the same file is written again. Only the data of a new file, or of a place that
was cut off before, reaches it reliably.
"""

PAGE = 16
"""Bytes: smaller than a line of the journal, so that lines lie across pages."""


class Medium:
    """The files of a disk, by inode: the readable content of each, and the content after a power
    cut.
    """

    def __init__(self) -> None:
        self.written: dict[int, bytearray] = {}
        self.durable: dict[int, bytes] = {}
        self._dirty: dict[int, set[int]] = {}
        self._lost: dict[int, set[int]] = {}

    def new(self, inode: int, content: bytes = b"", *, synced: bool = False) -> None:
        """Makes a file."""
        self.written[inode] = bytearray()
        self.durable.pop(inode, None)
        self._dirty[inode], self._lost[inode] = set(), set()
        self.write(inode, 0, content)
        if synced:
            self.sync(inode)

    def write(self, inode: int, offset: int, data: bytes) -> None:
        """Writes at an offset; a gap before it is filled with zeros."""
        written = self.written[inode]
        if not data:
            return
        if offset > len(written):
            written.extend(bytes(offset - len(written)))
        written[offset : offset + len(data)] = data
        self._dirty[inode].update(_pages(offset, offset + len(data)))

    def append(self, inode: int, data: bytes) -> None:
        """Writes at the end."""
        self.write(inode, len(self.written[inode]), data)

    def truncate(self, inode: int, size: int) -> None:
        """Cuts a file off. Later writes to the same place are on other blocks of the disk."""
        del self.written[inode][size:]
        first = -(-size // PAGE)
        for pages in (self._dirty[inode], self._lost[inode]):
            pages.difference_update([page for page in pages if page >= first])

    def sync(self, inode: int) -> None:
        """All data that can reach the medium is there."""
        written = self.written[inode]
        durable = bytearray(self.durable.get(inode, b"")[: len(written)])
        durable.extend(bytes(len(written) - len(durable)))
        for first, end in _runs(self._dirty[inode] - self._lost[inode]):
            place = slice(first * PAGE, min(end * PAGE, len(written)))
            durable[place] = written[place]
        self._dirty[inode].clear()
        self.durable[inode] = bytes(durable)

    def fail_sync(self, inode: int) -> None:
        """The sync has failed: the waiting data is marked as clean, and never reaches the
        medium.
        """
        self._lost[inode] |= self._dirty[inode]
        self._dirty[inode].clear()

    def after_cut(self, inode: int) -> bytes:
        """The content of the file after a power cut."""
        return self.durable.get(inode, b"")


def _runs(pages: set[int]) -> list[tuple[int, int]]:
    """The first page and the end of each run of pages without a gap."""
    if not pages:
        return []
    first, end = min(pages), max(pages) + 1
    if end - first == len(pages):
        return [(first, end)]
    ordered = sorted(pages)
    starts = [n for n, page in enumerate(ordered) if not n or ordered[n - 1] != page - 1]
    ends = [*starts[1:], len(ordered)]
    return [(ordered[at], ordered[after - 1] + 1) for at, after in zip(starts, ends, strict=True)]


def _pages(start: int, end: int) -> range:
    return range(start // PAGE, -(-end // PAGE))
