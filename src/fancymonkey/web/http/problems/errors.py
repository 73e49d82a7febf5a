"""Maps every exception to a problem response (RFC 9457) that never repeats the request."""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from fancymonkey.accounts.model import Denied
from fancymonkey.errors import FancyMonkeyError, Overloaded
from fancymonkey.services.changes.change_runner import ChangeRefused
from fancymonkey.web.http.messages import RETRY_SOON, Problem, Request, Response
from fancymonkey.web.http.problems.account_errors import account_problem
from fancymonkey.web.http.problems.refusals import refusal

log = logging.getLogger(__name__)


def problem_response(error: Exception, request: Request) -> Response:
    """The response to any exception; the text of internal errors goes to the log."""
    if isinstance(error, Problem):
        return error.reply()
    if isinstance(error, Denied):
        return account_problem(error).reply()
    if isinstance(error, ChangeRefused):
        return refusal(error.refused).reply()
    if isinstance(error, RequestValidationError):
        return invalid(error.errors()).reply()
    if isinstance(error, HTTPException):
        return _of_the_framework(error).reply()
    named = {"request": request.id}
    if isinstance(error, FancyMonkeyError):
        log.warning("%s %s: %s", request.method, request.scope["path"], error, extra=named)
        return unavailable(error, request.id)
    log.error("%s %s failed", request.method, request.scope["path"], exc_info=error, extra=named)
    return broken(request.id)


def invalid(errors: Iterable[Any]) -> Problem:
    """The response to fields that are not valid: the place and the rule, never the value."""
    return Problem(422, "invalid_request", " ".join(_sentence(row) for row in errors))


def _sentence(row: Mapping[str, Any]) -> str:
    """One error of pydantic as a sentence."""
    place = ".".join(str(part) for part in row["loc"] if part not in ("body", "query"))
    about = row.get("ctx", {})
    if row["type"] == "value_error":
        return f"{place} {about['error']}."
    if row["type"] in ("literal_error", "enum"):
        allowed = about["expected"].replace("'", "").replace(" or ", ", ")
        return f"{place} must be one of: {allowed}."
    if row["type"] == "string_too_short" and about["min_length"] == 1:
        return f"{place} must not be empty."
    if row["type"] == "missing":
        return f"Missing: {place or 'the body'}."
    return f"{place or 'The body'} is not valid. {row['msg']}."


def _of_the_framework(error: HTTPException) -> Problem:
    """The problem for an error of the framework: an unknown path or another method."""
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    detail = "There is nothing at this path." if error.status_code == 404 else str(error.detail)
    headers = [
        (name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items()
    ]
    return Problem(error.status_code, code, detail, headers=headers)


def broken(request_id: str) -> Response:
    """The response to a bug; the log has the same request id."""
    detail = "Something went wrong on our side."
    header = (b"x-request-id", request_id.encode())
    return Problem(500, "internal_error", detail, headers=[header], requestId=request_id).reply()


def unavailable(error: FancyMonkeyError, request_id: str) -> Response:
    """The response while the store is unavailable: try again. The error text goes to the log."""
    code, detail = "unavailable", "The store is unavailable. Try again in a moment."
    if isinstance(error, Overloaded):
        code, detail = "overloaded", "The server is busy. Try again in a second."
    headers = [RETRY_SOON, (b"x-request-id", request_id.encode())]
    return Problem(503, code, detail, headers=headers, requestId=request_id).reply()
