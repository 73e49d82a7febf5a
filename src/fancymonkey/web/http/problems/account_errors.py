"""Maps account errors to HTTP responses."""

from fancymonkey.accounts import model
from fancymonkey.text import counted
from fancymonkey.web.http.messages import RETRY_SOON, Problem

_BEARER = [(b"www-authenticate", b"Bearer")]


def account_problem(denied: model.Denied) -> Problem:
    """Returns the response to an account error."""
    text = str(denied)
    match denied:
        case model.TooManyAttempts():
            wait = max(1, -(-denied.wait // 1000))
            return Problem(
                429,
                "too_many_attempts",
                f"Too many wrong attempts. Try again in {counted(wait, 'second')}.",
                headers=[(b"retry-after", str(wait).encode())],
            )
        case model.WrongCredentials():
            return Problem(401, "wrong_credentials", text)
        case model.NotConfirmed():
            return Problem(403, "not_proven", text)
        case model.CodeNeeded():
            return Problem(401, "code_needed", text)
        case model.SessionExpired():
            return Problem(401, "session_expired", "Renew the session.", headers=_BEARER)
        case model.NoSession():
            return Problem(401, "no_session", "Log in again.", headers=_BEARER)
        case model.Busy():
            return Problem(
                503, "overloaded", f"{text} Try again in a second.", headers=[RETRY_SOON]
            )
        case model.UnknownAccount():
            return Problem(404, "unknown_account", text)
        case _:
            return _conflict(denied)


def _conflict(denied: model.Denied) -> Problem:
    text = str(denied)
    match denied:
        case model.AccountExists():
            return Problem(409, "account_exists", text)
        case model.LastOwner():
            return Problem(409, "last_owner", text)
        case model.FactorState():
            return Problem(409, "second_factor", text)
        case model.Changed():
            return Problem(409, "account_changed", text)
        case model.WeakPassword():
            return Problem(422, "weak_password", text)
        case _:
            return Problem(422, "invalid_request", text)
