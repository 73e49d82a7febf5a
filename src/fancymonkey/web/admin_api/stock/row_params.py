"""The query parameters that choose and order stock rows."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator, WithJsonSchema

from fancymonkey.core.changes.bulk import Filter
from fancymonkey.core.keys import normal_form
from fancymonkey.web.http.bodies.wire import Status
from fancymonkey.web.http.query_params import Flag, Text, Words
from fancymonkey.web.read_models.row_query import SORTS, RowQuery
from fancymonkey.web.routing.dependencies import Context


def _sort(text: str) -> str:
    if text.removeprefix("-") not in SORTS:
        raise ValueError(f"must be one of: {', '.join(SORTS)}")
    return text


WAYS = [way + column for column in SORTS for way in ("", "-")]
Sort = Annotated[str, AfterValidator(_sort), WithJsonSchema({"type": "string", "enum": WAYS})]
SORTED = f"Sort column, prefixed with `-` for descending order: {', '.join(SORTS)}"


async def row_query(
    context: Context,
    q: Annotated[Words, Query(description="Search words; a row must contain all of them")] = "",
    category: Annotated[
        list[Text] | None, Query(description="Only this category; repeat for several")
    ] = None,
    status: Annotated[
        list[Status] | None, Query(description="Only this status; repeat for several")
    ] = None,
    product_ids: Annotated[
        list[Text] | None,
        Query(alias="productId", description="Only this product; repeat for several"),
    ] = None,
    reserved: Annotated[Flag, Query(description="`true`: only sizes with held units")] = False,
    sort: Annotated[Sort | None, Query(description=SORTED)] = None,
    archived: Annotated[
        Flag, Query(description="`true`: also archived products and sizes")
    ] = False,
) -> RowQuery:
    """The rows that a query string chooses, in its order."""
    return RowQuery(
        Filter(
            categories=frozenset(map(normal_form, category or ())) or None,
            product_ids=frozenset(map(context.spelling.product, product_ids or ())) or None,
            reserved_only=reserved,
            statuses=frozenset(status or ()) or None,
            words=tuple(normal_form(q).lower().split()),
        ),
        sort and sort.removeprefix("-"),
        sort is not None and sort.startswith("-"),
        archived or "archived" in (status or ()),
    )


ChosenRows = Annotated[RowQuery, Depends(row_query)]
