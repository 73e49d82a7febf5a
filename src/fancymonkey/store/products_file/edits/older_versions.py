"""Older versions of the products in products.json, which an editor may still have open.

A file that was opened before a sale and is saved after it is an edit of the older version. The
versions of each product are kept in memory and in a file of the state folder, so that a restart
does not forget them.
"""

import json
import logging
import os
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from fancymonkey.store.products_file.read import Described, read_products
from fancymonkey.store.shared.files import PRIVATE

log = logging.getLogger(__name__)

KEPT_CHARACTERS = 16 * 1024 * 1024
"""The limit of all versions: tens of thousands of products. The oldest are removed first."""

NAME = "products-past.log"


@dataclass(frozen=True, slots=True)
class MatchingVersions:
    """Versions of a product, old to new, and the revision of the version that followed them."""

    versions: list[tuple[int, Described]]
    followed: int | None


class OlderVersions:
    """The versions of each product in products.json, old to new, with their revisions."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._order: deque[str] = deque()
        self._versions: dict[str, list[tuple[int, str]]] = {}
        self._first: dict[str, int] = {}
        self._size = 0
        self._written = 0
        self._failed = False

    def open(self, revision: int) -> None:
        """Reads the stored versions up to a revision of the ledger; skips unreadable lines."""
        self._clear()
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError:
            return
        self._written = sum(map(len, lines))
        for line in lines:
            if line[:8] != b"%08x" % crc32(line[9:]):
                continue  # cut off by a crash
            at, id_, text = json.loads(line[9:])
            if at <= revision:
                self._add(at, id_, text)

    def forget(self) -> None:
        """Removes all versions, because the ledger begins again. Raises OSError."""
        self._clear()
        self._path.unlink(missing_ok=True)

    def keep(self, revision: int, texts: Mapping[str, str]) -> None:
        """Records that the file has these products, by id, as of a revision."""
        self._keep([(revision, id_, text) for id_, text in texts.items()])

    def keep_edit(self, bases: Mapping[str, int], texts: Mapping[str, str]) -> None:
        """Records that the owner has saved these products, as edits of the revisions `bases`."""
        self._keep([(bases.get(id_, 0), id_, text) for id_, text in texts.items()])

    def revision(self, product_id: str) -> int:
        """The revision of the latest stored version of a product; 0 if there is none."""
        versions = self._versions.get(product_id)
        return versions[-1][0] if versions else 0

    def began(self, product_id: str) -> int:
        """The revision of the first version of a product that was ever stored."""
        return self._first.get(product_id, 0)

    def versions(self, product_id: str, stamp: str) -> "MatchingVersions":
        """The versions of a product with this `lastUpdated`; all versions if none has it."""
        versions = self._versions.get(product_id, [])
        pattern = re.compile(rf'"lastUpdated"\s*:\s*{re.escape(stamp)}')
        same = [
            number
            for number, (_, text) in enumerate(versions)
            if (pattern.search(text) if stamp else '"lastUpdated"' not in text)
        ]
        after = same[-1] + 1 if same else len(versions)
        described = []
        for revision, text in [versions[number] for number in same] if same else versions:
            products = read_products(f"[{text}]".encode(), "our version", lenient=True).products
            described += [(revision, product) for product in products.values()]
        return MatchingVersions(described, versions[after][0] if after < len(versions) else None)

    def _clear(self) -> None:
        self._order.clear()
        self._versions.clear()
        self._first.clear()
        self._size = self._written = 0

    def _keep(self, versions: list[tuple[int, str, str]]) -> None:
        lines = []
        for revision, id_, text in versions:
            stored = self._versions.get(id_)
            if stored and stored[-1][1] == text:
                continue
            body = json.dumps([revision, id_, text], ensure_ascii=False).encode()
            lines.append(b"%08x %s" % (crc32(body), body))
            self._add(revision, id_, text)
        if lines:
            self._append(lines)

    def _add(self, revision: int, id_: str, text: str) -> None:
        self._first.setdefault(id_, revision)
        self._versions.setdefault(id_, []).append((revision, text))
        self._order.append(id_)
        self._size += len(text)
        while self._size > KEPT_CHARACTERS:
            oldest = self._versions[self._order.popleft()]
            self._size -= len(oldest.pop(0)[1])

    def _append(self, lines: list[bytes]) -> None:
        """Writes them without a sync: a power cut can lose old versions, but no sale."""
        data = b"\n" + b"\n".join(lines)  # begins with a newline: the line before may be cut off
        whole = self._written + len(data) > 2 * KEPT_CHARACTERS
        try:
            if whole:
                data = b"\n".join(self._lines())
                self._written = 0
            mode = os.O_TRUNC if whole else os.O_APPEND
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | mode, PRIVATE)
            with os.fdopen(fd, "wb") as file:
                file.write(data + b"\n")
        except OSError as error:
            if not self._failed:
                log.warning("%s cannot be written: %s", self._path, error)
            self._failed = True
        else:
            self._failed = False
            self._written += len(data)

    def _lines(self) -> list[bytes]:
        """All stored versions, product by product."""
        lines = []
        for id_, versions in self._versions.items():
            for revision, text in versions:
                body = json.dumps([revision, id_, text], ensure_ascii=False).encode()
                lines.append(b"%08x %s" % (crc32(body), body))
        return lines
