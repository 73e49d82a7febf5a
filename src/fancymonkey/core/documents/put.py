"""Writes documents with compare-and-set, so that two processes agree on the first writer."""

from collections.abc import Iterator

from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True)
class DocumentWrite:
    """The new content of a document; an empty `body` removes it.

    `expected` is the version that it must have now: 0 if there must be none, None for any.
    """

    folder: str
    name: str
    body: str
    expected: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDocuments(Command):
    """Writes documents, all or none. The answer's data is the new version of each, in order.

    Refused as `stale` if one has another version than expected; `detail` names it.
    """

    drafts: tuple[DocumentWrite, ...]


def needs_put_documents(command: PutDocuments, state: State) -> Iterator[Key]:
    """The rows that the rule reads."""
    for draft in command.drafts:
        yield Document, (draft.folder, draft.name)


def put_documents(state: State, command: PutDocuments) -> Answer:
    """Applies a `PutDocuments`."""
    for draft in command.drafts:
        old = state.get(Document, (draft.folder, draft.name))
        present = 0 if old is None or not old.body else old.version
        if draft.expected is not None and draft.expected != present:
            return Refused(
                Code.STALE,
                f"{draft.folder}/{draft.name} has changed since it was read.",
                {"folder": draft.folder, "name": draft.name, "version": present},
            )
    versions = []
    for draft in command.drafts:
        old = state.get(Document, (draft.folder, draft.name))
        version = 1 if old is None else old.version + 1
        until = draft.until if draft.body else state.now
        state.put(Document(draft.folder, draft.name, version, state.now, draft.body, until))
        versions.append(version)
    return Accepted(versions)
