"""The query parameters that an endpoint knows. Others are refused, or reported as ignored.

An endpoint with a right refuses every other parameter. One for everyone is tolerant, because
browsers and advertising add parameters of their own: it refuses only a name that is nearly a known
one, or a field of its body, and lists the others in the header `Ignored-Parameters`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from fancymonkey.web.http.bodies.unknown_fields import LISTED_MAX, nearest_name, path_of
from fancymonkey.web.http.messages import Problem, Request

IGNORED = "Ignored-Parameters"
"""The header with the ignored parameters of a tolerant endpoint."""

FIELDS_MAX = 1000
CACHED_BYTES = 200
"""The most bytes of a query string whose check is remembered."""

EMPTY_BODIES = (b"", b"{}", b"[]", b"null")


@dataclass(frozen=True, eq=False)
class KnownParams:
    """The parameters of an endpoint.

    `several` may be repeated, for further values. `of_body` are the fields of its body, which do
    not belong in the query. `text_max` is the most characters of a value.
    """

    names: tuple[str, ...] = ()
    several: frozenset[str] = frozenset()
    of_body: tuple[str, ...] = ()
    tolerant: bool = False
    text_max: int | None = None

    def ignored(self, query: bytes) -> tuple[str, ...]:
        """The names that the endpoint ignores. Raises Problem 422."""
        if len(query) > CACHED_BYTES:
            return _ignored(self, query)
        return _known_query(self, query)


def ignored_header(names: Sequence[str]) -> tuple[bytes, bytes]:
    """The header of the response to a request with ignored parameters."""
    return IGNORED.lower().encode(), ", ".join(names).replace("…", "?").encode()


async def check_no_body(request: Request) -> None:
    """Raises Problem 422 for a body that the endpoint does not read: its fields have no effect."""
    headers = request.headers
    if headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers:
        return
    if (await request.body()).strip() not in EMPTY_BODIES:
        instead = " Send its fields as query parameters." if request.method == "GET" else ""
        raise Problem(422, "unexpected_body", f"This endpoint reads no body.{instead}")


def _ignored(known: KnownParams, query: bytes) -> tuple[str, ...]:
    errors = "replace" if known.tolerant else "strict"
    try:
        fields = parse_qsl(query.decode("ascii"), True, False, "utf-8", errors, FIELDS_MAX)
    except ValueError:
        if known.tolerant and not known.names and not known.of_body:
            return ()
        raise Problem(422, "invalid_request", "The query string is not valid.") from None
    _check_values(known, fields)
    unknown = [*dict.fromkeys(name for name, _ in fields if name not in known.names)]
    refused = unknown
    if known.tolerant:
        if len(unknown) > LISTED_MAX and (known.names or known.of_body):
            raise Problem(
                422,
                "invalid_request",
                f"The query string has more than {LISTED_MAX} unknown parameters.",
            )
        refused = [name for name in unknown[:LISTED_MAX] if _meant(known, name) != (None, False)]
    if refused:
        raise _refusal(known, refused)
    return tuple(path_of([name]) for name in unknown[:LISTED_MAX])


_known_query = lru_cache(maxsize=512)(_ignored)


def _check_values(known: KnownParams, fields: Sequence[tuple[str, str]]) -> None:
    """Raises Problem 422 for a value that is too long, and for two values instead of one."""
    values: dict[str, str] = {}
    for name, text in fields:
        if name not in known.names:
            continue
        if known.text_max is not None and ("\0" in text or len(text) > known.text_max):
            raise Problem(422, "invalid_request", f"{name} is too long.", parameter=name)
        if values.setdefault(name, text) != text and name not in known.several:
            detail = f"{name} has two different values. Send one."
            raise Problem(422, "invalid_request", detail, parameter=name)


def _refusal(known: KnownParams, unknown: Sequence[str]) -> Problem:
    """The refusal of parameters that the endpoint does not have, with the likely right names."""
    sentences = []
    for name in unknown[:LISTED_MAX]:
        nearest, in_body = _meant(known, name)
        hint = f" {nearest} belongs in the body." if in_body else f" Did you mean {nearest}?"
        sentences.append(f"Unknown parameter: {path_of([name])}." + (hint if nearest else ""))
    names = sorted(known.names)
    listed = f"Known parameters: {', '.join(names)}." if names else "This endpoint has none."
    return Problem(
        422,
        "unknown_parameter",
        " ".join([*sentences, listed]),
        parameter=path_of(unknown[:1]),
        nearest=_meant(known, unknown[0])[0],
        known=names,
    )


def _meant(known: KnownParams, name: str) -> tuple[str | None, bool]:
    """The parameter or field that an unknown name is spelled like; and whether it is a field."""
    if name in known.of_body:
        return name, True
    nearest = nearest_name(name, known.names)
    if nearest is not None:
        return nearest, False
    field = nearest_name(name, known.of_body)
    return field, field is not None
