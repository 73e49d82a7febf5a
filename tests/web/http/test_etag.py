"""The tags that match an `If-None-Match`."""

import pytest

from fancymonkey.web.http.etag import etag_of, is_known
from tests.payments.conftest import OWNER
from tests.web.shops import Shop

TAG = b'"7-0badcafe"'


@pytest.mark.parametrize(
    "seen",
    [
        TAG,
        b"*",
        b"W/" + TAG,
        b'"1", ' + TAG,
        TAG + b' , W/"2"',
        b'"a,b",' + TAG,
        b'""  ,' + TAG + b",",
        b"\t" + TAG + b" ",
        b'"old",\t"older",W/' + TAG,
    ],
)
def test_a_tag_is_known(seen: bytes) -> None:
    assert is_known(seen, TAG)


@pytest.mark.parametrize(
    "seen",
    [
        b"",
        b'"7-0badcaff"',
        TAG[1:-1],
        b"w/" + TAG,
        b"**",
        b'*, "1"',
        b'"a' + TAG,
        TAG + b'"',
        b'"x,' + TAG[1:],
        b'"1" ' + TAG,
        b"," * 4000,
        b'"' * 4001,
        b'"a",' * 1000 + b"x",
    ],
)
def test_a_tag_is_not_known(seen: bytes) -> None:
    assert not is_known(seen, TAG)


def test_a_tag_is_of_revision_and_content() -> None:
    assert etag_of(7, b"x") == etag_of(7, b"x") != etag_of(8, b"x")
    assert etag_of(7, b"x") != etag_of(7, b"y")


@pytest.mark.parametrize("path", ["/api/inventory/get", "/api/admin/inventory"])
async def test_both_lists_compare_alike(shop: Shop, path: str) -> None:
    answer = await shop.client.get(path, OWNER)
    tag = answer.header("etag")
    for seen in ("*", tag, f'"1", W/{tag}', f'"a,b", {tag}'):
        again = await shop.client.get(path, {**OWNER, "If-None-Match": seen})
        assert (again.status, again.body, again.header("etag")) == (304, b"", tag), seen
    for seen in ('"1"', f"x{tag}"):
        assert (await shop.client.get(path, {**OWNER, "If-None-Match": seen})).status == 200
