"""Texts, dates and further fields of products.json have the same rules as other input."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.core.dates import iso_date, shown_date
from fancymonkey.core.model import Product
from tests.store.json_shop import close, open_shop

SHOP: list[dict[str, Any]] = [
    {
        "id": "tee",
        "name": "TEE",
        "category": "tops",
        "price": 20,
        "sizes": {"M": {"skuId": "sku_m", "priceId": "price_m", "stock": 20}},
    },
]


async def problems_of(folder: Path, size: dict[str, Any], **fields: Any) -> list[str]:
    """The problems of the shop after an edit of the tee."""
    path = folder / "products.json"
    path.write_text(json.dumps(SHOP))
    store = await open_shop(folder)
    rows = json.loads(json.dumps(SHOP))
    rows[0] |= fields
    rows[0]["sizes"]["M"] |= size
    path.write_text(json.dumps(rows, indent=2))
    await store.mirror.reconcile()
    problems = list(await store.health_problems())
    await close(store)
    return problems


@pytest.mark.parametrize(
    ("size", "fields", "words"),
    [
        ({}, {"name": "TEE\n2"}, "product tee: name 'TEE\\n2' is not a valid text: character 4"),
        ({}, {"name": "T\u202eEE"}, "name 'T\\u202eEE' is not a valid text"),
        ({}, {"name": "TEE\u200b"}, "is invisible (U+200B)"),
        ({}, {"name": "x" * 501}, "name has 501 characters, and may have 500"),
        ({}, {"category": "to\u2028ps"}, "product tee: category"),
        ({"skuId": "sku\u200b_m"}, {}, "product tee, size M: skuId"),
        ({"priceId": "price_m "}, {}, "priceId 'price_m ' is not a valid text: remove the space"),
        ({"priceId": "price\u00a0m"}, {}, "unusual space (U+00A0)"),
        ({"skuId": "s" * 201}, {}, "skuId has 201 characters, and may have 200"),
        ({}, {"productId": "shirt"}, "productId shirt and id tee are two ids; delete one of them"),
    ],
)
async def test_an_invisible_or_endless_text_is_refused(
    size: dict[str, Any], fields: dict[str, Any], words: str, tmp_path: Path
) -> None:
    (problem,) = await problems_of(tmp_path, size, **fields)
    assert words in problem


@pytest.mark.parametrize(
    ("size", "fields"),
    [
        ({"skuId": None}, {"name": "Gr\u00f6\u00dfe \u2116 5 \u2764\ufe0f"}),
        ({"priceId": "price 1"}, {"category": "T\u00a0shirts"}),
        ({"skuId": ""}, {"productId": "tee"}),
    ],
)
async def test_other_texts_are_accepted(
    size: dict[str, Any], fields: dict[str, Any], tmp_path: Path
) -> None:
    assert await problems_of(tmp_path, size, **fields) == []


@pytest.mark.parametrize(
    ("size", "fields", "words"),
    [
        ({"available": 9}, {}, "tee/M: available is stored"),
        ({"onHand": 9}, {}, "change stock instead"),
        ({"safetyStock": 2}, {}, "set it on the page Stock"),
        ({}, {"archived": True}, "tee: archived is stored"),
    ],
)
async def test_a_field_without_an_effect_is_in_the_log(
    size: dict[str, Any],
    fields: dict[str, Any],
    words: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert await problems_of(tmp_path, size, **fields) == []
    assert words in caplog.text


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("20261231", "2026-12-31"),
        ("2026-W53-4", "2026-12-31"),
        ("2026W534", "2026-12-31"),
        ("20261231T100000Z", "2026-12-31T10:00:00Z"),
        ("2026-12-31T10", "2026-12-31T10:00:00"),
        ("20261231T1000+0200", "2026-12-31T10:00:00+02:00"),
    ],
)
def test_a_date_has_the_form_that_browsers_read(text: str, date: str) -> None:
    assert iso_date(text) == date
    assert shown_date(text) == date


@pytest.mark.parametrize(
    "text",
    ["2026-12-31", "2026-12-31T10:00Z", "2026-12-31 10:00:00", "2026-12-31T10:00:00.5+02:00"],
)
def test_a_date_in_the_common_form_stays(text: str) -> None:
    assert iso_date(text) == text


async def test_a_date_of_the_file_is_written_in_the_common_form(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(json.dumps([{**SHOP[0], "restockDate": "20261231"}]))
    store = await open_shop(tmp_path)
    product = await store.find(Product, "tee")
    assert product is not None
    assert product.restock_date == "2026-12-31"
    await close(store)
