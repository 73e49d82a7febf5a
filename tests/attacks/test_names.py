"""No second SKU looks like an existing one, and no number has foreign digits."""

import unicodedata
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from fancymonkey.commands.drill.command import drill
from fancymonkey.commands.operation.serve import serve
from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item, Product
from fancymonkey.errors import ConfigError
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from tests.web.client import Answer
from tests.web.shops import PASSWORD, Shop, running

OWNER = {"Authorization": f"Bearer {PASSWORD}"}
PRODUCTS, ARCHIVE = "/api/admin/products", "/api/admin/products/archive"
NFC = [unicodedata.normalize("NFC", text) for text in ("café", "größe", "Å", "ế-1", "한글")]


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with running(MemoryStore()) as made:
        yield made


async def add(shop: Shop, id_: str, *sizes: str, **more: Any) -> Answer:
    rows = [{"size": size, "stock": 10} for size in sizes or ("M",)]
    body = {"productId": id_, "name": "Name", "sizes": rows, **more}
    return await shop.client.post(PRODUCTS, body, OWNER)


async def change(shop: Shop, body: Any) -> Answer:
    return await shop.client.request("PUT", PRODUCTS, body, OWNER)


async def every_way(shop: Shop, id_: str, size: str) -> None:
    """Everything that names a size finds this one."""
    form = unicodedata.normalize("NFC", id_)
    got = await shop.client.get(f"/api/inventory/get?productId={quote(id_)}")
    assert len(got.json["inventory"]) == 1, (id_, got)
    listed = await shop.client.get(f"/api/admin/products?productId={quote(id_)}", OWNER)
    assert len(listed.json["products"]) == 1
    first = await shop.reserve("s", size, 1, id_)
    assert first.status == 200, first
    line = {"productId": id_, "size": size, "quantity": 2}
    body = {"sessionId": "s", "lines": [line]}
    again = await shop.client.post("/api/inventory/reserve", body)
    assert again.json["reservation"]["id"] == first.json["reservation"]["id"]
    other = {"productId": unicodedata.normalize("NFD", id_), "size": nfd(size), "quantity": 1}
    exact = {"productId": form, "size": unicodedata.normalize("NFC", size), "quantity": 1}
    twice = {"sessionId": "t", "lines": [exact, other]}
    answer = await shop.client.post("/api/inventory/reserve", twice)
    assert (answer.status, answer.code) == (422, "invalid_request")
    till = await shop.client.post("/api/checkout", {"productId": id_, "size": size})
    assert till.code == "not_configured"
    updated = await shop.update({"productId": id_, "size": size, "adjustStock": 1})
    assert updated.json["results"]["successful"] == 1, updated
    for filter_ in ({"productIds": [id_]}, {"skus": [f"{id_}/{size}"]}):
        bulk = await shop.bulk("adjust", filter=filter_, changes={"stock": 1})
        assert bulk.json["results"]["successful"] == 1, filter_
    for path in ("history", "holds"):
        sku = quote(f"{id_}/{size}", safe="")
        answer = await shop.client.get(f"/api/admin/{path}?sku={sku}", OWNER)
        assert answer.status == 200, answer
        assert len(answer.json.get("holds", "x")) == 1
    stock = await shop.client.get(f"/api/admin/inventory?productId={quote(id_)}", OWNER)
    assert len(stock.json["rows"]) == 1, stock
    assert (await shop.release("s")).status == 200
    for archived in (True, False):
        body_ = {"productId": id_, "size": size, "archived": archived}
        assert (await shop.client.post(ARCHIVE, body_, OWNER)).status == 200


@pytest.mark.parametrize("text", NFC)
@pytest.mark.parametrize("made", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
async def test_both_forms_are_one_size_everywhere(
    shop: Shop, text: str, made: Any, asked: Any
) -> None:
    assert (await add(shop, unicodedata.normalize(made, text), nfd(text))).status == 200
    normalized = unicodedata.normalize(asked, text)
    await every_way(shop, normalized, normalized)
    other = await add(shop, unicodedata.normalize(asked, text))
    assert (other.status, other.code) == (409, "already_there")
    more = {"productId": normalized, "sizes": [{"size": normalized, "stock": 3}]}
    answer = await change(shop, more)
    assert answer.code == "conflicting_fields"  # the size is there: nothing is added
    await shop.check()


@pytest.mark.parametrize(
    "id_", [nfd("café"), "a\u200bb", "x\u202ey", "l\u2028m", " odd ", "n\u00a01"]
)
@pytest.mark.parametrize("size", ["M", "\u200bM", nfd("größe")])
async def test_items_from_before_the_rule_can_be_sold_and_removed(
    shop: Shop, id_: str, size: str
) -> None:
    item = Item(f"{id_}/{size}", id_, size)
    old = UpsertProduct(
        product=Product(id_, "Old", "old"), location=DEFAULT_LOCATION, items=(NewItem(item, 10),)
    )
    await shop.engine.submit(old)
    await every_way(shop, id_, size)
    changed = {"productId": id_, "name": "New", "sizes": [{"size": size, "soldOut": True}]}
    assert (await change(shop, changed)).status == 200
    gone = await shop.client.post(ARCHIVE, {"productId": id_}, OWNER)
    assert gone.status == 200
    await shop.check()


async def test_an_old_key_is_found_by_its_normal_form_too(shop: Shop) -> None:
    id_, size = nfd("café"), nfd("größe")
    item = Item(f"{id_}/{size}", id_, size)
    old = UpsertProduct(
        product=Product(id_, "Old", "old"), location=DEFAULT_LOCATION, items=(NewItem(item, 10),)
    )
    await shop.engine.submit(old)
    await every_way(shop, "café", "größe")
    again = await add(shop, "café")
    assert (again.status, again.code) == (409, "already_there")


ODD = {
    "U+202E": "a\u202eb",
    "U+200B": "a\u200bb",
    "U+2028": "a\u2028b",
    "U+0085": "a\u0085b",
    "U+00A0": "a\u00a0b",
    "U+FEFF": "\ufeffab",
    "U+3164": "a\u3164b",
    "U+0663": "a\u0663",
    "U+FF13": "a\uff13",
    "U+E0041": "a\U000e0041",
    "Remove the space": " ab",
}


@pytest.mark.parametrize("named", ODD)
async def test_odd_characters_are_refused_by_name(shop: Shop, named: str) -> None:
    text = ODD[named]
    for answer in (await add(shop, text), await add(shop, "fine", text)):
        assert (answer.status, answer.code) == (422, "invalid_request")
        assert named in answer.json["detail"], answer
    assert (await add(shop, "fine")).status == 200
    sizes = {"productId": "fine", "sizes": [{"size": text, "stock": 1}]}
    assert (await change(shop, sizes)).status == 422
    assert "fine" in shop.engine.view.products
    assert text not in shop.engine.view.products


@pytest.mark.parametrize("field", ["name", "category"])
@pytest.mark.parametrize("text", ["a\u202eb", "a\u200bb", "a\u2028b", "a\u0085b"])
async def test_names_with_hidden_characters_are_refused(shop: Shop, field: str, text: str) -> None:
    answer = await add(shop, "fine", **{field: text})
    assert (answer.status, answer.code) == (422, "invalid_request")
    assert field in answer.json["detail"]
    assert (await add(shop, "fine", **{field: "Banana 🐒\u200d🍌 tee"})).status == 200
    body = {"productId": "fine", field: text}
    assert (await change(shop, body)).status == 422
    body = {"productId": "fine", field: nfd("Café")}
    product = (await change(shop, body)).json["product"]
    assert product[field] == "Café"


ALIKE = [
    ("hoodie-1", "hооdie-1"),  # Cyrillic letters
    ("hoodie-1", "HOODIE-1"),
    ("hoodie-1", "hoodie\u20101"),
    ("hoodie 1", "hoodie  1"),
    ("hoodie 1", "hoodie1"),
    ("ｈoodie", "hoodie"),
    ("νew", "new"),
]


@pytest.mark.parametrize(("first", "second"), ALIKE)
async def test_a_new_key_that_looks_like_another_is_refused(
    shop: Shop, first: str, second: str
) -> None:
    assert (await add(shop, first, first)).status == 200
    answer = await add(shop, second)
    assert (answer.status, answer.code) == (409, "already_there")
    assert answer.json["existing"] == first
    assert first in answer.json["detail"]
    more = {"productId": first, "sizes": [{"size": second, "stock": 3}]}
    answer = await change(shop, more)
    assert (answer.status, answer.json["existing"]) == (409, first)
    assert (await add(shop, "both", first, second)).status == 409
    await shop.client.post(ARCHIVE, {"productId": first}, OWNER)
    assert (await add(shop, second)).status == 409  # what is off sale can come back
    assert len(shop.engine.view.products) == 4


WRONG = ["٣", "1_000", "３", "१२", "1 000", "+3", "0x10", "", "3\n", "1e3", "∞", "½", "³"]


@pytest.mark.parametrize("text", [text for text in WRONG if text])
async def test_prices_in_quotes_have_plain_digits(shop: Shop, text: str) -> None:
    answer = await add(shop, "fine", price=text)
    assert (answer.status, answer.code) == (422, "invalid_request"), answer
    assert (await add(shop, "fine", price="12.50")).status == 200
    for body in ({"price": text}, {"price": 3, "was": {"price": text}}):
        answer = await change(shop, {"productId": "fine", **body})
        assert (answer.status, answer.code) == (422, "invalid_request"), body
    (product,) = (await shop.client.get("/api/admin/products?productId=fine", OWNER)).json[
        "products"
    ]
    assert product["price"] == 12.50


@pytest.mark.parametrize("text", WRONG[:-3])
async def test_quantities_have_plain_digits_everywhere(shop: Shop, text: str) -> None:
    answer = await shop.client.post(
        "/api/inventory/reserve",
        {"productId": "prod_tee_001", "size": "M", "quantity": text, "sessionId": "s"},
    )
    assert answer.status == 422
    row = {"productId": "prod_tee_001", "size": "M", "stock": text}
    assert (await shop.update(row)).json["results"]["failed"] == 1
    if text:
        limit = await shop.client.get(f"/api/admin/holds?limit={quote(text)}", OWNER)
        assert limit.status == 422, limit


@pytest.mark.parametrize("text", [text for text in WRONG if text.strip() == text and text])
@pytest.mark.parametrize("name", ["PORT", "HOLDS_PER_ADDRESS", "RESERVATION_TTL_SECONDS"])
def test_settings_have_plain_digits(text: str, name: str) -> None:
    with pytest.raises(ConfigError):
        Settings.load({name: text})


@pytest.mark.parametrize("text", ["٠٨:٣٠", "08:３0", "0_8:30"])
def test_times_of_day_have_plain_digits(text: str) -> None:
    with pytest.raises(ConfigError):
        Settings.load({"BACKUP_AT": text, "DIGEST_AT": text})


@pytest.mark.parametrize("text", ["٣", "1_000", "３", "+3", " 3"])
@pytest.mark.parametrize(
    "command",
    [
        (serve, "--port"),
        (drill, "--stock"),
        (drill, "--buyers"),
        (drill, "--seed"),
        (serve, "--workers"),
    ],
)
def test_the_command_line_has_plain_digits(command: tuple[Any, str], text: str) -> None:
    result = CliRunner().invoke(command[0], [command[1], text])
    assert result.exit_code == 2, result.output
    assert "is not a whole number" in result.output
