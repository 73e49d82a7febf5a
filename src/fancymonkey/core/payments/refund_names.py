"""Which refunds of a payment were reported, so that each of them is news once."""

import json

from fancymonkey.core.documents.document import Document
from fancymonkey.core.state import Key, State

FOLDER = "refunds"
"""The folder of the refunds that were reported, by the payment's id."""

WHOLE = "whole"
"""Stands among them when all the money is back."""

FAILED = "failed:"
"""Stands before the name of a refund that has not reached the buyer."""


def needs_names(payment: str) -> Key:
    """The row that the rules of this file read."""
    return Document, (FOLDER, payment)


def is_news(state: State, payment: str, name: str) -> bool:
    """Whether this refund was not reported before; from now on it was.

    After the whole there is none left. A part without a name is news only where it is the first.
    """
    names = _names(state, payment)
    stand = [one for one in names if not one.startswith(FAILED)]
    if name in names or WHOLE in names or FAILED + name in names or (stand and not name):
        return False
    _keep(state, payment, [*names, name])
    return True


def none_stands(state: State, payment: str, refund: str) -> bool:
    """Notes that a refund has failed: that it was given is no news any more.

    True where no refund of the payment stands after that.
    """
    names = _names(state, payment)
    failed = FAILED + refund
    if failed not in names:
        names = [one for one in names if one not in (WHOLE, refund)] + [failed]
        _keep(state, payment, names)
    return all(one.startswith(FAILED) for one in names)


def _names(state: State, payment: str) -> list[str]:
    kept = state.get(Document, (FOLDER, payment))
    return [] if kept is None else list(json.loads(kept.body))


def _keep(state: State, payment: str, names: list[str]) -> None:
    before = state.get(Document, (FOLDER, payment))
    version = 1 if before is None else before.version + 1
    state.put(Document(FOLDER, payment, version, state.now, json.dumps(names)))
