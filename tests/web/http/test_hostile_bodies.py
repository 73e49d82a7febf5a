"""Malformed bodies are refused with a problem document and change nothing."""

import asyncio
import json
from typing import Any

import pytest

from fancymonkey.web.http.messages import BODY_MAX
from tests.web.shops import HOODIE, PASSWORD, Shop, ledger

BOTH_WAYS = True

OWNERS = ("update", "bulk-update")
WRITES = ("reserve", "release", *OWNERS)
GOOD: dict[str, dict[str, Any]] = {
    "reserve": {"productId": HOODIE, "size": "M", "quantity": 1, "sessionId": "cs_1"},
    "release": {"sessionId": "cs_0"},
    "update": {
        "password": PASSWORD,
        "updates": [{"productId": HOODIE, "size": "M", "stock": 1}],
    },
    "bulk-update": {"password": PASSWORD, "action": "set", "filter": {}, "changes": {"stock": 1}},
}


def with_field(body: dict[str, Any], raw: bytes) -> bytes:
    """The body with one more field, whose value is written as given."""
    return json.dumps(body).encode()[:-1] + b',"unread":' + raw + b"}"


NOT_JSON = {
    "nothing": b"",
    "spaces": b"   ",
    "words": b"hello",
    "form": b"productId=x&size=M&quantity=1&sessionId=y",
    "cut off": b'{"productId":"x"',
    "two": b"{}{}",
    "comma": b'{"sessionId":"x",}',
    "quotes": b"{'sessionId':'x'}",
    "comment": b'{"sessionId":"x"}//',
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": json.dumps(GOOD["reserve"]).encode("utf-16"),
    "invalid utf-8": b'{"sessionId":"\xff"}',
    "surrogate in utf-8": b'{"sessionId":"\xed\xa0\x80"}',
    "overlong": b'{"sessionId":"\xc0\x80"}',
    "lone surrogate": b'{"sessionId":"\\ud800"}',
    "lone low surrogate": b'{"sessionId":"\\udc00x"}',
    "raw control character": b'{"sessionId":"a\x01"}',
    "raw nul": b'{"sessionId":"a\x00"}',
    "bad escape": b'{"sessionId":"\\x41"}',
    "leading zero": b'{"quantity":01}',
    "bare": b"\xff\xfe\xfd",
}
UNREAD_NOT_JSON = {
    "nan": b"NaN",
    "infinity": b"-Infinity",
    "nothing": b"",
    "invalid utf-8": b'"\xff"',
    "surrogate": b'"\\ud800"',
    "deep": b"[" * 200_000 + b"]" * 200_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "unclosed": b"[" * 200_000,
}
WRONG_SHAPE = (b"null", b"true", b"1", b"1.5", b'"text"', b"[]", b"[{}]", b"1e999", b"{}")


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("what", NOT_JSON)
async def test_invalid_json_is_400(shop: Shop, name: str, what: str) -> None:
    answer = await shop.client.post(f"/api/inventory/{name}", NOT_JSON[what])
    assert answer.status in (400, 422)
    assert answer.code in ("invalid_json", "invalid_request")


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("what", UNREAD_NOT_JSON)
async def test_an_unread_field_must_be_valid_too(shop: Shop, name: str, what: str) -> None:
    await shop.reserve("cs_0")
    before = await ledger(shop.engine.store)
    raw = with_field(GOOD[name], UNREAD_NOT_JSON[what])
    answer = await shop.client.post(f"/api/inventory/{name}", raw)
    assert (answer.status, answer.code) == (400, "invalid_json")
    assert await ledger(shop.engine.store) == before


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("where", ["value", "key", "after backslashes", "nested"])
async def test_nul_is_refused_wherever_it_hides(shop: Shop, name: str, where: str) -> None:
    await shop.reserve("cs_0")
    raw = {
        "value": b'"a\\u0000"',
        "key": b'{"a\\u0000":1}',
        "after backslashes": b'"\\\\\\u0000"',
        "nested": b'[[{"a":["\\u0000"]}]]',
    }[where]
    answer = await shop.client.post(f"/api/inventory/{name}", with_field(GOOD[name], raw))
    assert (answer.status, answer.code) == (422, "invalid_request")


@pytest.mark.parametrize("raw", [b'"\\\\u0000"', b'"a\\\\\\\\u0000"', b'"u0000"', b'"\\u0001"'])
async def test_an_escaped_backslash_before_u0000_is_not_nul(shop: Shop, raw: bytes) -> None:
    answer = await shop.client.post("/api/inventory/reserve", with_field(GOOD["reserve"], raw))
    assert answer.status == 200


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("raw", WRONG_SHAPE)
async def test_json_of_another_shape_is_422(shop: Shop, name: str, raw: bytes) -> None:
    secret = [("Authorization", f"Bearer {PASSWORD}")] if name in OWNERS else []
    answer = await shop.client.post(f"/api/inventory/{name}", raw, secret)
    assert (answer.status, answer.code) in ((422, "invalid_request"), (400, "invalid_json"))


@pytest.mark.parametrize("name", OWNERS)
async def test_without_a_secret_the_shape_of_an_object_is_not_reported(
    shop: Shop, name: str
) -> None:
    answer = await shop.client.post(f"/api/inventory/{name}", b"{}")
    assert (answer.status, answer.code) == (401, "unauthorized")


HUGE = 10**30
QUANTITIES: tuple[Any, ...] = (
    *(0, -1, 1.5, 1.0, True, False, None, "1", "", [], {}, [1]),
    *(1_000_000_001, 2**31, 2**63, 2**64, HUGE, -HUGE, 1e308),
)


@pytest.mark.parametrize("quantity", QUANTITIES, ids=repr)
async def test_a_quantity_is_a_whole_number_from_1(shop: Shop, quantity: Any) -> None:
    before = await ledger(shop.engine.store)
    line = {"productId": HOODIE, "size": "M", "quantity": quantity}
    for body in ({**line, "sessionId": "cs_1"}, {"lines": [line], "sessionId": "cs_1"}):
        answer = await shop.client.post("/api/inventory/reserve", body)
        assert (answer.status, answer.code) == (422, "invalid_request")
    assert await ledger(shop.engine.store) == before


@pytest.mark.parametrize("text", ["1e2", "1.0", "-0", "1e-1", "10e-1", "9" * 400, "1e400", "0x1"])
async def test_a_quantity_is_written_in_digits(shop: Shop, text: str) -> None:
    raw = json.dumps({**GOOD["reserve"], "quantity": 777}).replace("777", text).encode()
    answer = await shop.client.post("/api/inventory/reserve", raw)
    assert answer.status in (400, 422)
    assert answer.json["success"] is False


NUMBERS: tuple[Any, ...] = (1.5, True, "1", [], {}, 1_000_000_001, -1_000_000_001, 2**64, HUGE)


@pytest.mark.parametrize(
    "field", ["stock", "adjustStock", "reserved", "lowStockThreshold", "expected"]
)
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
async def test_numbers_of_an_update_are_whole_and_in_range(
    shop: Shop, field: str, number: Any
) -> None:
    row: dict[str, Any] = {"stock": 1} if field == "expected" else {}
    answer = await shop.update({**row, field: number})
    assert answer.status == 200
    assert answer.json["results"]["failed"] == 1
    assert (await shop.size())["stock"] == 20


@pytest.mark.parametrize("field", ["stock", "lowStockThreshold"])
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
async def test_numbers_of_a_bulk_update_are_whole_and_in_range(
    shop: Shop, field: str, number: Any
) -> None:
    answer = await shop.bulk("set", changes={field: number})
    assert (answer.status, answer.code) == (422, "invalid_request")


@pytest.mark.parametrize("field", ["productId", "size", "sessionId"])
@pytest.mark.parametrize("value", [None, 1, True, [], {}, "", "x" * 201], ids=repr)
async def test_ids_are_texts_of_1_to_200_characters(shop: Shop, field: str, value: Any) -> None:
    answer = await shop.client.post("/api/inventory/reserve", {**GOOD["reserve"], field: value})
    assert (answer.status, answer.code) == (422, "invalid_request")


@pytest.mark.parametrize("field", ["productId", "size", "quantity", "sessionId"])
async def test_missing_fields_are_named(shop: Shop, field: str) -> None:
    body = {name: value for name, value in GOOD["reserve"].items() if name != field}
    answer = await shop.client.post("/api/inventory/reserve", body)
    assert (answer.status, answer.code) == (422, "invalid_request")
    assert field in answer.json["detail"]


@pytest.mark.parametrize(
    "session",
    ["x" * 200, "ü" * 200, "😀" * 200, "a/b", "a\nb", "../../etc/passwd", "'; DROP TABLE x; --"],
)
async def test_any_text_is_a_session(any_shop: Shop, session: str) -> None:
    answer = await any_shop.reserve(session)
    assert answer.status == 200
    assert answer.json["reservation"]["sessionId"] == session
    assert (await any_shop.release(session)).json["released"] == 1


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [{"productId": HOODIE, "size": "M", "quantity": 1}] * 2,
        [{"productId": HOODIE, "size": str(n), "quantity": 1} for n in range(101)],
        [None],
        {},
        "M",
    ],
    ids=["none", "twice", "too many", "null", "object", "text"],
)
async def test_invalid_lines(shop: Shop, lines: Any) -> None:
    answer = await shop.client.post("/api/inventory/reserve", {"sessionId": "s", "lines": lines})
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_lines_and_a_size_at_once_are_refused(shop: Shop) -> None:
    line = {"productId": HOODIE, "size": "M", "quantity": 1}
    answer = await shop.client.post(
        "/api/inventory/reserve", {**line, "sessionId": "s", "lines": [line]}
    )
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_of_a_field_given_twice_the_last_counts(shop: Shop) -> None:
    raw = json.dumps(GOOD["reserve"]).encode()[:-1] + b',"quantity":3}'
    answer = await shop.client.post("/api/inventory/reserve", raw)
    assert answer.json["reservation"]["quantity"] == 3


async def test_an_invalid_row_fails_alone(shop: Shop) -> None:
    rows: list[Any] = [None, 1, "x", [], [[]], {}, {"productId": 1, "size": 2}]
    body = {"password": PASSWORD, "updates": [*rows, GOOD["update"]["updates"][0]]}
    answer = await shop.client.post("/api/inventory/update", body)
    results = answer.json["results"]
    assert (results["successful"], results["failed"]) == (1, len(rows))
    assert {row["code"] for row in results["details"]["failed"]} == {"invalid_request"}


@pytest.mark.parametrize("raw", [b'{"a":"\\x"}', b'{"a":"\\ud800"}', b'{"a":01}', b'{"a" 1}'])
async def test_a_row_of_invalid_json_fails_the_body(shop: Shop, raw: bytes) -> None:
    body = b'{"password":"%s","updates":[%s]}' % (PASSWORD.encode(), raw)
    answer = await shop.client.post("/api/inventory/update", body)
    assert (answer.status, answer.code) == (400, "invalid_json")


async def test_too_many_rows_are_refused(shop: Shop) -> None:
    answer = await shop.update(*[{"stock": 1}] * 10_001)
    assert answer.status == 413 or answer.code == "invalid_request"
    assert (await shop.size())["stock"] == 20


# Size, and how the bytes come.


def padded(name: str, size: int) -> bytes:
    raw = json.dumps(GOOD[name]).encode()
    return raw + b" " * (size - len(raw))


@pytest.mark.parametrize("name", WRITES)
async def test_a_mebibyte_is_read_and_a_byte_more_is_413(shop: Shop, name: str) -> None:
    path = f"/api/inventory/{name}"
    await shop.reserve("cs_0")
    assert (await shop.client.post(path, padded(name, BODY_MAX))).status == 200
    over = padded(name, BODY_MAX + 1)
    for answer in (
        await shop.client.post(path, over),
        await shop.client.request("POST", path, chunks=[over]),
        await shop.client.request("POST", path, chunks=[over[:700_000], over[700_000:]]),
        await shop.client.request("POST", path, chunks=[over[:BODY_MAX], over[BODY_MAX:], b""]),
        await shop.client.request("POST", path, chunks=[], length=BODY_MAX + 1),
        await shop.client.request("POST", path, chunks=[], length=10**40),
    ):
        assert (answer.status, answer.code) == (413, "body_too_large")


async def test_an_endless_body_is_stopped_at_the_limit(shop: Shop) -> None:
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 65_536
        return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await shop.client.app(shop.client.scope("POST", "/api/inventory/reserve"), receive, send)
    assert sent[0]["status"] == 413
    assert taken <= BODY_MAX + 65_536


@pytest.mark.parametrize("pieces", [1, 2, 7, 1000])
async def test_how_a_body_is_cut_makes_no_difference(shop: Shop, pieces: int) -> None:
    raw = json.dumps(GOOD["reserve"]).encode()
    step = -(-len(raw) // pieces)
    chunks = [raw[at : at + step] for at in range(0, len(raw), step)] + [b"", b""]
    answer = await shop.client.request("POST", "/api/inventory/reserve", chunks=chunks)
    assert answer.status == 200


@pytest.mark.parametrize("chunks", [[b""], [b"{", b""], [b"{", b'"sessionId":', b""]])
async def test_a_connection_lost_within_its_body_changes_nothing(
    shop: Shop, chunks: list[bytes]
) -> None:
    before = await ledger(shop.engine.store)
    answer = await shop.client.request(
        "POST", "/api/inventory/reserve", chunks=chunks, breaks_off=True
    )
    assert answer.status == 0  # the client has disconnected
    assert await ledger(shop.engine.store) == before


async def test_a_client_that_goes_away_has_its_command_done_and_may_ask_again(
    any_shop: Shop,
) -> None:
    """Its command may be committed although the client has disconnected: the key reports its
    outcome.
    """
    task = asyncio.create_task(any_shop.reserve("cs_1", quantity=2, idempotency_key="k"))
    while not any_shop.engine.batcher.waiting and not task.done():
        await asyncio.sleep(0)
    await asyncio.sleep(0)  # the transaction has begun
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    neighbour = await any_shop.reserve("cs_2")
    assert neighbour.status == 200
    again = await any_shop.reserve("cs_1", quantity=2, idempotency_key="k")
    assert again.status == 200
    assert (await any_shop.size())["reserved"] == 3
    await any_shop.check()
