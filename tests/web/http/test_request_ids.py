"""A failed request has the same id in its answer and in the log."""

import json
import logging

import pytest

from fancymonkey.errors import StoreUnavailable
from fancymonkey.log_format import JsonFormatter, TextFormatter
from tests.web.http.test_store_failures import FailingStore
from tests.web.shops import running

LINES = {"productId": "prod_hoodie_001", "size": "M", "quantity": 1, "sessionId": "b"}
PATH = "/api/inventory/reserve"


@pytest.mark.parametrize("error", [StoreUnavailable("away"), ZeroDivisionError("a bug")])
async def test_answer_and_log_have_the_same_id(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    store = FailingStore()
    async with running(store) as shop:
        store.error = error
        answers = [await shop.client.post(PATH, LINES) for _ in range(2)]
    names = [answer.json["requestId"] for answer in answers]
    assert len(set(names)) == 2
    logged = [getattr(record, "request", None) for record in caplog.records]
    for answer, name in zip(answers, names, strict=True):
        assert answer.header("x-request-id") == name
        assert name in logged


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("abc-123_x.Y", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("two words", False),
        ("a\x7fb", False),
        ("é", False),
    ],
)
async def test_the_proxys_name_is_taken_where_it_is_one(given: str, taken: bool) -> None:
    store = FailingStore()
    async with running(store) as shop:
        store.error = StoreUnavailable("away")
        answer = await shop.client.post(PATH, LINES, {"X-Request-Id": given})
    assert (answer.json["requestId"] == given) is taken


def record(**more: str) -> logging.LogRecord:
    made = logging.LogRecord("fancymonkey.web", logging.WARNING, "x.py", 1, "words", (), None)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def test_both_forms_of_the_log_have_it() -> None:
    assert TextFormatter().format(record(request="abc")).endswith("words [request abc]")
    assert json.loads(JsonFormatter().format(record(request="abc")))["request"] == "abc"
    assert "request" not in json.loads(JsonFormatter().format(record()))
