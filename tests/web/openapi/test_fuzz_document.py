"""The whole OpenAPI document, with values from its schemas and from an attacker's list.

Every answer has a status that the document names, a body of the type it names, and is never an
error of ours. FUZZ_DOCUMENT sets how many requests go to each operation (default 20).
"""

import os
import random
from typing import Any
from urllib.parse import quote

import pytest

from fancymonkey.accounts.model import Role
from fancymonkey.store.in_memory.store import MemoryStore
from tests.accounts.client import Visitor, accounts
from tests.web import documented
from tests.web.client import Answer
from tests.web.openapi.test_fuzz import JUNK, NUMBERS, TEXTS
from tests.web.shops import HOODIE, PASSWORD, Shop, running

pytestmark = pytest.mark.slow

EACH = int(os.environ.get("FUZZ_DOCUMENT", "20"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
ENDLESS = {"/api/inventory/live", "/api/admin/inventory/live"}
ALWAYS = {200, 405}
"""The answer to an unsupported method, which is not in the document."""

TABLES = (
    f"productId,size,stock\n{HOODIE},M,21\n".encode(),
    f"productId;size;stock;lowStockThreshold\n{HOODIE};M;=1+1;-5\n".encode(),
    b"productId,size,stock\nprod_new,M,1\n",
    b"PK\x03\x04 no spreadsheet",
    b"\xff\xfep\x00",
    b"a\n" * 50,
    b"",
)


class ValueMaker:
    """Values for a schema: mostly valid, sometimes invalid."""

    def __init__(self, document: dict[str, Any], seed: int) -> None:
        self.schemas = document["components"]["schemas"]
        self.chance = random.Random(seed)

    def value(self, schema: dict[str, Any], depth: int = 0) -> Any:
        chance = self.chance
        if chance.random() < 0.08:
            return chance.choice((*TEXTS, *NUMBERS, None, True, [], {}, [[]], {"a": {}}))
        if "$ref" in schema:
            return self.value(self.schemas[schema["$ref"].rpartition("/")[2]], depth)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self.value(chance.choice(schema[word]), depth)
        if "enum" in schema:
            return chance.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        return self._of_type(schema, schema.get("type"), depth)

    def _of_type(self, schema: dict[str, Any], kind: Any, depth: int) -> Any:
        chance = self.chance
        if kind == "object":
            wanted = set(schema.get("required", ()))
            return {
                name: self.value(part, depth + 1)
                for name, part in schema.get("properties", {}).items()
                if chance.random() < (0.97 if name in wanted else 0.4)
            }
        if kind == "array":
            count = chance.choice((0, 1, 1, 1, 2, 3)) if depth < 6 else 0
            return [self.value(schema.get("items", {}), depth + 1) for _ in range(count)]
        if kind == "integer":
            low = schema.get("minimum", -5)
            return chance.choice((low, low + 1, schema.get("maximum", 9), low - 1, 3))
        if kind == "boolean":
            return chance.random() < 0.5
        if kind == "null":
            return None
        words = ("owner", "ada", HOODIE, f"{HOODIE}/M", "M", "hoodies", PASSWORD, "2025-10-07")
        return chance.choice((*words, *TEXTS)) if kind == "string" else chance.choice(NUMBERS)

    def query(self, parameters: list[dict[str, Any]]) -> str:
        parts = []
        for parameter in parameters:
            if parameter["in"] == "query" and self.chance.random() < 0.5:
                values = (HOODIE, f"{HOODIE}/M", "1", "200", "true", "csv", "json", "2025-10-07")
                text = self.chance.choice((*values, "UTC", "held", "stock", "-stock", *TEXTS))
                coded = quote(text, safe="") if self.chance.random() < 0.9 else "%ff%zz"
                parts.append(f"{parameter['name']}={coded}")
        return "&".join(parts)


async def ask(
    maker: ValueMaker, visitor: Visitor, path: str, method: str, operation: Any
) -> Answer:
    parameters = operation.get("parameters", ())
    target = path.replace(
        "{job}", quote(maker.chance.choice(("release-expired", "reconcile", *TEXTS)), safe="")
    )
    query = maker.query([part for part in parameters if "$ref" not in part])
    headers = {}
    if maker.chance.random() < 0.2:
        headers["Idempotency-Key"] = maker.chance.choice(("k1", "k2", "x" * 300))
    if maker.chance.random() < 0.05:
        headers["Authorization"] = maker.chance.choice(("Bearer x", "Bearer", "Basic eA==", "é"))
    body: Any = b""
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]
        if "application/json" in content:
            body = maker.value(content["application/json"]["schema"])
        else:  # a table
            body = maker.chance.choice(TABLES)
        if maker.chance.random() < 0.05:
            body = maker.chance.choice(JUNK)
    return await visitor.send(
        method.upper(), f"{target}?{query}" if query else target, body, headers
    )


def check(operation: dict[str, Any], answer: Answer) -> None:
    documented = {int(code) for code in operation["responses"] if code.isdigit()}
    assert answer.status in documented | {200}, f"{answer.status} is not in {sorted(documented)}"
    assert answer.status < 500 or answer.status in (502, 503)
    if answer.status >= 400:
        assert answer.code, "a problem"
        if answer.status in (429, 503) and answer.code != "not_configured":
            assert answer.header("retry-after") or answer.code == "job_failed"


async def again(shop: Shop, owner: Visitor) -> None:
    """The owner exists and is logged in, after any earlier requests."""
    if (await owner.get("/api/admin/me")).status == 200:
        return
    users = accounts(shop).users
    user = await users.find("owner")
    if user is None:  # removed by another owner that was made before
        await users._make("owner", Role.OWNER, PASSWORD)
    else:
        await users.change(user, password=await users.passwords.hash(PASSWORD), factor=None)
    owner.cookies, owner.csrf = {}, ""
    shop.clock.forward(3600)
    await owner.logged_in()


@pytest.mark.parametrize("number", range(4))
async def test_every_operation_answers_as_documented(number: int) -> None:
    async with running(MemoryStore()) as shop:
        document = documented.document()
        maker = ValueMaker(document, SEED * 100 + number)
        owner = await Visitor(shop.client).logged_in()
        seen: dict[tuple[str, str], set[int]] = {}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if path in ENDLESS:
                    continue
                statuses = seen.setdefault((path, method), set())
                for step in range(EACH):
                    await again(shop, owner)
                    answer = await ask(maker, owner, path, method, operation)
                    try:
                        check(operation, answer)
                    except AssertionError as error:
                        error.add_note(
                            f"FUZZ_SEED={SEED}, {number}, {method} {path}, {step}: {answer}"
                        )
                        raise
                    statuses.add(answer.status)
                    if not step % 10:
                        shop.clock.forward(61)
        await shop.check()
        assert len(seen) >= 50
        admin = {path for (path, _), statuses in seen.items() if 200 in statuses}
        assert len([path for path in admin if path.startswith("/api/admin/")]) > 12, "too wild"
