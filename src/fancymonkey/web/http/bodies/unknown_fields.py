"""Fields that a body should not have: refused in typed bodies, reported in those of the shop's API.

The specification allows any field in its own endpoints and at the checkout; their answers list the
unknown ones as `ignored`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Raw, Struct
from pydantic import AliasChoices, BaseModel

from fancymonkey.core.model import MAX_LINES
from fancymonkey.web.http.messages import Problem, check_parts, parse

S = TypeVar("S", bound=Struct)
NAME_MAX = 60
"""The most characters of an unknown name that an answer repeats: letters, digits, - and _."""
LISTED_MAX = 20
"""The most unknown fields that an answer lists."""

_NAME = re.compile(r"[A-Za-z0-9_-]+")


class _Skipped(Struct):
    """An object whose fields are checked, and not kept."""


_skipped = msgspec.json.Decoder(_Skipped)
_object = msgspec.json.Decoder(dict[str, Raw])
_array = msgspec.json.Decoder(list[Raw])
_text = msgspec.json.Encoder().encode


def unknown_field(
    model: type[BaseModel], places: Sequence[tuple[Any, ...]], others: str
) -> Problem:
    """The refusal of fields that a typed body does not have, with the nearest known name.

    `others` is the text about other faults of the body.
    """
    rows = [(path_of(place), _nearest(place, model)) for place in places[:LISTED_MAX]]
    sentences = [
        f"Unknown field: {path}." + (f" Did you mean {nearest}?" if nearest else "")
        for path, nearest in rows
    ]
    field, nearest = rows[0]
    detail = " ".join([*sentences, others]).rstrip()
    return Problem(422, "unknown_field", detail, field=field, nearest=nearest)


def parse_open(
    decoder: msgspec.json.Decoder[S], kind: type[S], raw: bytes, *, public: bool = False
) -> tuple[S, list[str]]:
    """The body without its unknown fields, and their names. Raises Problem as `parse` does.

    The decoder refuses unknown fields, so that a body without any costs nothing more. `public`:
    anyone may send the body, so its parts are limited.
    """
    try:
        return parse(decoder, raw), []
    except Problem as problem:
        if problem.code != "invalid_request" or "unknown field" not in problem.detail:
            raise
    if public:
        parse(_skipped, raw)  # a body that is not valid JSON is refused as such
        check_parts(raw)
    ignored: list[str] = []
    known = _without_unknown(kind, raw, (), ignored)
    return parse(decoder, known), ignored


def ignored_fields(body: BaseModel) -> list[str]:
    """The unknown fields of a body whose type keeps them as extra ones."""
    return [path_of(place) for place in _extra(body, ())][:LISTED_MAX]


def with_ignored(answer: bytes, ignored: Sequence[str]) -> bytes:
    """An answer in JSON with the list of ignored fields, where there are any."""
    return answer[:-1] + b',"ignored":' + _text(ignored) + b"}" if ignored else answer


def _extra(body: BaseModel, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for name in body.model_extra or ():
        yield (*place, name)
    for name, field in type(body).model_fields.items():
        value = getattr(body, name)
        for number, part in enumerate(value if isinstance(value, list) else ()):
            if isinstance(part, BaseModel):
                yield from _extra(part, (*place, field.alias or name, number))


def _without_unknown(
    kind: type[Struct], raw: bytes, place: tuple[Any, ...], ignored: list[str]
) -> bytes:
    """An object with the fields of its type alone; their values stay as they were sent."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    parts = []
    for name, value in parse(_object, raw).items():
        if name not in types:
            if len(ignored) < LISTED_MAX:
                ignored.append(path_of((*place, name)))
            continue
        text = _inside(types[name], bytes(value), (*place, name), ignored)
        parts.append(_text(name) + b":" + text)
    return b"{" + b",".join(parts) + b"}"


def _inside(hint: Any, raw: bytes, place: tuple[Any, ...], ignored: list[str]) -> bytes:
    """A value without unknown fields: an object, or a list of objects; others as they are."""
    structs = [part for part in _parts_of(hint) if isinstance(part, type)]
    kind = next((part for part in structs if issubclass(part, Struct)), None)
    first = raw.lstrip()[:1]
    if kind is None or first not in b"{[" or not first:
        return raw
    if first == b"{":
        return _without_unknown(kind, raw, place, ignored)
    values: list[Raw] = parse(_array, raw)
    if len(values) > MAX_LINES:
        return raw  # no such list may be longer, so it is refused in any case
    rows = [
        _inside(kind, bytes(row), (*place, number), ignored) for number, row in enumerate(values)
    ]
    return b"[" + b",".join(rows) + b"]"


def _parts_of(hint: Any) -> Iterator[Any]:
    """The types inside unions, annotations and lists."""
    if get_origin(hint) in (Union, UnionType, Annotated, list):
        for part in get_args(hint):
            yield from _parts_of(part)
    else:
        yield hint


def _nearest(place: tuple[Any, ...], model: type[BaseModel]) -> str | None:
    """The known field beside an unknown one that is spelled most like it, or None."""
    for part in place[:-1]:
        if isinstance(part, str):
            nested = _model_of(model, part)
            if nested is None:
                return None
            model = nested
    return nearest_name(str(place[-1]), field_names(model))


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is spelled most like an unknown one, or None if none is near."""
    spelled: Mapping[str, str] = {_plain(known_name): known_name for known_name in known}
    near = get_close_matches(_plain(name)[:NAME_MAX], spelled, 1, 0.75)
    return spelled[near[0]] if near else None


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")


def field_names(model: type[BaseModel]) -> list[str]:
    """The names of a body's fields, as they are sent."""
    names = []
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        first = alias.choices[0] if isinstance(alias, AliasChoices) else alias
        names.append(str(first or field.alias or name))
    return names


def _model_of(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    for known, field in zip(field_names(model), model.model_fields.values(), strict=True):
        if known == name:
            parts = [part for part in _parts_of(field.annotation) if isinstance(part, type)]
            return next((part for part in parts if issubclass(part, BaseModel)), None)
    return None


def path_of(place: Iterable[Any]) -> str:
    """The place of a field, as `sizes.0.stock`; a name that no field could have is not repeated."""
    return ".".join(
        part if len(part) <= NAME_MAX and _NAME.fullmatch(part) else "…" for part in map(str, place)
    )
