"""Records the changes of known callers in the audit log."""

import logging

from fancymonkey.accounts.audit_log import KNOWN_MOST
from fancymonkey.text import joined
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Request

log = logging.getLogger(__name__)

WHAT_MAX = 200
"""The most characters of a path in the audit log: the path of an unknown job may be any text."""


async def write_entry(context: AppContext, request: Request, status: int) -> None:
    """Writes an entry of the audit log; if that fails, the log has it, as the request is done."""
    assert request.actor is not None
    what = f"{request.method} {request.scope['path']}"[:WHAT_MAX]
    audit_log = context.accounts.audit_log
    about = request.about
    if request.actor.locations:
        about = "; ".join(filter(None, (about, f"limited to {joined(request.actor.locations)}")))
    try:
        if status < 400:
            await audit_log.record(request.actor.name, request.address, what, status, about)
            return
        name = request.actor.name
        await audit_log.record_refused(name, request.address, what, status, about, most=KNOWN_MOST)
    except Exception:
        log.exception("%s by %s could not be written to the audit log", what, request.actor.name)
