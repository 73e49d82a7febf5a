"""Programs of earlier versions still work: former paths answer with the former keys and codes."""

from typing import Any

import pytest

from fancymonkey.engine.job_names import FORMER_JOBS
from fancymonkey.settings.event_names import FORMER_EVENTS
from fancymonkey.settings.settings import FORMER_SETTINGS
from fancymonkey.web.pages.dashboard import FORMER_PAGES
from fancymonkey.web.routing.former_names import FORMER_PATHS
from tests.docs.pages import read
from tests.payments.conftest import OWNER, Till, till
from tests.web import documented
from tests.web.shops import HOODIE, Shop

__all__ = ["till"]

SETTLE = "/api/payments/matters/settle"


async def change(shop: Shop) -> dict[str, Any]:
    """A count of one size."""
    row = {"productId": HOODIE, "size": "M", "adjustStock": 5}
    answer = await shop.client.post("/api/inventory/update", {"updates": [row]}, OWNER)
    assert answer.status == 200, answer
    return dict(answer.json)


@pytest.mark.parametrize(
    ("path", "present", "key", "former"),
    [
        ("/api/admin/record", "/api/admin/audit-log", "entries", "acts"),
        ("/api/admin/acts", "/api/admin/changes", "changes", "acts"),
        ("/api/payments/matters", "/api/payments/issues", "issues", "matters"),
    ],
)
async def test_a_former_list_has_the_same_rows_under_the_former_key(
    till: Till, path: str, present: str, key: str, former: str
) -> None:
    await change(till.shop)
    ref = (await till.checkout()).json["sessionId"]
    await till.act(ref, "pay")
    await till.act(ref, "refund")
    now = (await till.shop.client.get(f"{present}?limit=50", OWNER)).json
    answer = await till.shop.client.get(f"{path}?limit=50", OWNER)
    assert answer.status == 200
    assert answer.json[former] == now[key]
    assert now[key]
    assert list(answer.json) == [former if name == key else name for name in now]
    assert answer.header("content-length") == str(len(answer.body))


@pytest.mark.parametrize("former", FORMER_PAGES)
@pytest.mark.parametrize("query", ["", "?actor=ann%26b"])
async def test_the_former_address_of_a_page_redirects_with_its_query(
    shop: Shop, former: str, query: str
) -> None:
    answer = await shop.client.get(former + query)
    assert (answer.status, answer.header("location")) == (308, FORMER_PAGES[former] + query)
    assert answer.header("content-security-policy")
    post = shop.client.post
    assert (await post(former, {})).status == (await post(FORMER_PAGES[former], {})).status


async def test_an_issue_is_settled_by_the_former_names(till: Till) -> None:
    ref = (await till.checkout()).json["sessionId"]
    await till.act(ref, "pay")
    await till.act(ref, "refund")
    post = till.shop.client.post
    (issue,) = await till.issues()
    settled = await post(SETTLE, {"matterId": issue["id"], "then": "done"}, OWNER)
    assert settled.status == 200, settled.body
    assert (settled.json["matter"]["id"], settled.json["matter"]["progress"]) == (
        issue["id"],
        "done",
    )
    closed = await post(SETTLE, {"matterId": issue["id"], "then": "dismissed"}, OWNER)
    assert (closed.status, closed.json["code"]) == (409, "matter_closed")
    assert closed.json["type"] == "urn:fancymonkey:error:matter_closed"
    unknown = await post(SETTLE, {"matterId": "x", "then": "done"}, OWNER)
    assert (unknown.status, unknown.json["code"]) == (404, "unknown_matter")
    present = await post("/api/payments/issues/settle", {"issueId": "x", "then": "done"}, OWNER)
    assert (present.status, present.json["code"]) == (404, "unknown_issue")


async def test_a_change_is_undone_by_its_former_key(shop: Shop) -> None:
    answer = await change(shop)
    assert answer["act"] == answer["changeId"]
    undone = await shop.client.post("/api/admin/undo", {"act": answer["act"]}, OWNER)
    assert undone.status == 200, undone.body
    assert undone.json["undone"] == answer["changeId"]
    assert undone.json["act"] == undone.json["changeId"]


@pytest.mark.parametrize("row", FORMER_PATHS, ids=lambda row: row.path)
async def test_a_former_path_needs_the_right_of_the_present_one(shop: Shop, row: Any) -> None:
    call = shop.client.post if row.path.endswith("settle") else shop.client.get
    args = ({},) if row.path.endswith("settle") else ()
    assert (await call(row.path, *args)).status == 401
    wrong = await call(row.path, *args, {"Authorization": "Bearer wrong"})
    assert wrong.status == 401


async def test_a_csv_of_the_former_path_is_unchanged(shop: Shop) -> None:
    await change(shop)
    former = await shop.client.get("/api/admin/record?format=csv", OWNER)
    assert former.body == (await shop.client.get("/api/admin/audit-log?format=csv", OWNER)).body
    assert former.body.startswith(b"at,actor,")


def test_former_paths_are_documented_and_not_in_the_openapi_document() -> None:
    page = read("docs/reference/former-names.md").text
    for row in FORMER_PATHS:
        assert row.path not in documented.document()["paths"]
        assert row.present in documented.document()["paths"]
        (line,) = [line for line in page.splitlines() if f"{row.path}` |" in line]
        assert row.present in line
        for present, former in {**row.keys, **row.codes}.items():
            assert f"`{former}` for `{present}`" in line


@pytest.mark.parametrize("names", [FORMER_JOBS, FORMER_EVENTS, FORMER_SETTINGS])
def test_other_former_names_are_documented(names: dict[str, str]) -> None:
    page = read("docs/reference/former-names.md").text
    for former, present in names.items():
        assert f"| `{former}` | `{present}` |" in page
