"""Typed documents of one folder: how the layers above store data other than stock."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from fancymonkey.core.documents.document import Document
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.outcomes import Refused
from fancymonkey.engine.engine import Engine

T = TypeVar("T")


class Conflict(Exception):
    """Another writer changed the document in the meantime; nothing is written."""


@dataclass(frozen=True, slots=True)
class StoredDocument(Generic[T]):
    """A value of a folder. `version` is the `expected` version of the next change."""

    name: str
    value: T
    version: int
    at: int
    until: int | None


class DocumentCollection(Generic[T]):
    """The documents of a folder. Values are of any type that msgspec converts to and from JSON."""

    def __init__(self, engine: Engine, folder: str, kind: type[T]) -> None:
        self.name = folder
        self._engine = engine
        self._decode = msgspec.json.Decoder(kind).decode
        self._encode = msgspec.json.Encoder().encode

    def draft(
        self, name: str, value: T | None, expected: int | None = None, until: int | None = None
    ) -> DocumentWrite:
        """The document that stores the value (None removes it), as part of a `PutDocuments`."""
        body = "" if value is None else self._encode(value).decode()
        return DocumentWrite(self.name, name, body, expected, until)

    async def put(
        self, name: str, value: T | None, expected: int | None = None, until: int | None = None
    ) -> int:
        """Stores the value (None removes it) and returns its version. Raises Conflict."""
        (version,) = await put_documents_command(
            self._engine, self.draft(name, value, expected, until)
        )
        return version

    async def get(self, name: str) -> StoredDocument[T] | None:
        """The value under this name."""
        row = await self._engine.store.find(Document, (self.name, name))
        return self._decoded(row) if row is not None and row.body else None

    async def all(self) -> list[StoredDocument[T]]:
        """Every value of the folder, by name."""
        return [document async for document in self.after("")]

    async def after(self, name: str) -> AsyncIterator[StoredDocument[T]]:
        """The values whose names come after `name`, in order."""
        async for row in self._engine.store.scan(Document, (self.name, name)):
            if row.folder != self.name:
                return
            if row.body:
                yield self._decoded(row)

    def _decoded(self, row: Document) -> StoredDocument[T]:
        return StoredDocument(row.name, self._decode(row.body), row.version, row.at, row.until)


async def put_documents_command(engine: Engine, *drafts: DocumentWrite, **more: Any) -> list[int]:
    """Writes documents of any folders, all or none; returns their versions. Raises Conflict."""
    answer = await engine.submit(PutDocuments(drafts=drafts, **more))
    if isinstance(answer, Refused):
        raise Conflict(answer.message)
    versions: list[int] = answer.data
    return versions
