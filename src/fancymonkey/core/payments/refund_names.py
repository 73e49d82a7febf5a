"""The reported refunds of a payment, so that each of them has one effect."""

import json

from fancymonkey.core.documents.document import Document
from fancymonkey.core.state import Key, State

FOLDER = "refunds"
"""The folder of the reported refunds, by the payment's id."""

WHOLE = "whole"
"""The name for a refund of the whole payment."""

FAILED = "failed:"
"""The prefix of a refund that has not reached the buyer."""


def needs_names(payment: str) -> Key:
    """The row that the rules of this file read."""
    return Document, (FOLDER, payment)


def is_new_refund(state: State, payment: str, name: str) -> bool:
    """Records a refund. Returns whether it was not reported before.

    After a whole refund there is none left. A part without a name is new only if it is the first.
    """
    names = _names(state, payment)
    valid = [name for name in names if not name.startswith(FAILED)]
    if name in names or WHOLE in names or FAILED + name in names or (valid and not name):
        return False
    _keep(state, payment, [*names, name])
    return True


def all_refunds_failed(state: State, payment: str, refund: str) -> bool:
    """Records that a refund has failed, so that a later report of it has no effect.

    Returns whether no valid refund of the payment is left.
    """
    names = _names(state, payment)
    failed = FAILED + refund
    if failed not in names:
        names = [name for name in names if name not in (WHOLE, refund)] + [failed]
        _keep(state, payment, names)
    return all(name.startswith(FAILED) for name in names)


def _names(state: State, payment: str) -> list[str]:
    document = state.get(Document, (FOLDER, payment))
    return [] if document is None else list(json.loads(document.body))


def _keep(state: State, payment: str, names: list[str]) -> None:
    before = state.get(Document, (FOLDER, payment))
    version = 1 if before is None else before.version + 1
    state.put(Document(FOLDER, payment, version, state.now, json.dumps(names)))
