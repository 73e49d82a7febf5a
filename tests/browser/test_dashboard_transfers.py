"""The transfers page: planned at a desk, received on a phone, by one person or by two."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Line
from fancymonkey.core.transfers.edit import CreateTransfer
from fancymonkey.core.transfers.send import SendTransfer
from tests.browser.admin_page import AdminShop, admin_shop, member, sku, too_wide, visit
from tests.browser.shop_page import NARROW, WIDE
from tests.support.axe import assert_accessible_in_both_schemes

DAY = 86_400_000
NAME = "MIDNIGHT EMERALD HOODIE M"


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[AdminShop]:
    async with admin_shop() as running:
        berlin = Location("berlin", "Berlin", "Karl-Marx-Allee 1", priority=2)
        await running.run(AddLocation(location=berlin))
        yield running


async def sent(shop: AdminShop, units: int = 10, days: int = 3) -> str:
    """A transfer in transit, expected after this number of days."""
    create = CreateTransfer(
        transfer_id="tr_1",
        from_location="main",
        to_location="berlin",
        lines=(Line(sku(), units), Line(sku("L"), 2)),
        expected_at=shop.clock() + days * DAY,
        actor="ana",
    )
    await shop.run(create, SendTransfer(transfer_id="tr_1"))
    return "transfers.html?id=tr_1"


def on_hand(shop: AdminShop, account: str, size: str = "M") -> int:
    return shop.engine.view.level(sku(size), account).on_hand


async def fill(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True)
    await field.fill(text)
    await field.blur()


async def test_a_transfer_is_planned_sent_and_received_on_a_phone(
    browser: Browser, shop: AdminShop
) -> None:
    async with member(browser, shop, "sam", screen=NARROW) as watched:
        page = watched.page
        await visit(page, shop, "transfers.html")
        await expect(page.get_by_text("No open transfers.")).to_be_visible()
        await page.get_by_role("button", name="New transfer").click()
        asked = page.get_by_role("dialog")
        await asked.get_by_label("Size to add").fill("emerald m")
        await asked.get_by_role("button", name=f"{NAME}:").click()
        await asked.get_by_label(f"Units of {NAME}").fill("10")
        await asked.get_by_role("button", name="Save draft").click()
        await expect(page.locator(".state")).to_have_text("Transfer 1: draft.")
        await page.get_by_role("button", name="Send …").click()
        await asked.get_by_label("Tracking number").fill("1Z")
        await asked.get_by_role("button", name="Send").click()
        await expect(page.locator(".state")).to_have_text("Transfer 1: in transit.")
        assert on_hand(shop, "berlin:in_transit") == 10
        await fill(page, f"Accept of {NAME}", "4")
        for _ in range(3):
            await page.get_by_role("button", name=f"One more Reject of {NAME}").click()
        more = page.get_by_role("button", name=f"One more Reject of {NAME}")
        box = await more.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        assert not await too_wide(page)
        await page.get_by_role("button", name="Receive 7 units").click()
        await expect(page.locator(".state")).to_have_text("Transfer 1: partly received.")
        assert (on_hand(shop, "berlin"), on_hand(shop, "berlin:damaged")) == (4, 3)
        await page.get_by_role("button", name="Close …").click()
        await asked.get_by_label("Reason").fill("not in the box")
        await asked.get_by_role("button", name="Save").click()
        await expect(page.locator(".state")).to_have_text("Transfer 1: closed short.")
        assert on_hand(shop, "berlin:in_transit") == 0
        watched.assert_clean()


async def test_two_people_receive_the_same_transfer(browser: Browser, shop: AdminShop) -> None:
    path = await sent(shop)
    async with (
        member(browser, shop, "sam", screen=NARROW) as first,
        member(browser, shop, "ana", screen=NARROW) as second,
    ):
        for watched in (first, second):
            await visit(watched.page, shop, path)
            await watched.page.get_by_role("button", name="All arrived").click()
        await first.page.get_by_role("button", name="Receive 12 units").click()
        await expect(first.page.locator(".state")).to_have_text("Transfer 1: received.")
        page = second.page
        await expect(page.locator(".state")).to_have_text("Transfer 1: received.")
        await expect(page.get_by_text(f"{NAME}: 10 accepted")).to_be_visible()
        assert (on_hand(shop, "berlin"), on_hand(shop, "berlin", "L")) == (10, 2)
        for watched in (first, second):
            watched.assert_clean()


async def test_a_second_receipt_of_the_same_units_is_refused_and_shows_the_first(
    browser: Browser, shop: AdminShop
) -> None:
    path = await sent(shop)
    async with (
        member(browser, shop, "sam") as first,
        member(browser, shop, "ana") as second,
    ):
        for watched in (first, second):
            await visit(watched.page, shop, path)
            await fill(watched.page, f"Accept of {NAME}", "4")
        await first.page.get_by_role("button", name="Receive 4 units").click()
        await expect(first.page.locator(".state")).to_have_text("Transfer 1: partly received.")
        page = second.page
        changed = page.get_by_text("This transfer has changed since you began.")
        await expect(changed).to_be_visible()
        await expect(page.get_by_role("button", name="Receive 4 units")).to_be_disabled()
        await page.get_by_role("button", name="Start again").click()
        await expect(page.get_by_text("6 on the way, 4 accepted")).to_be_visible()
        await page.get_by_role("button", name="All arrived").click()
        await page.get_by_role("button", name="Receive 8 units").click()
        await expect(page.locator(".state")).to_have_text("Transfer 1: received.")
        assert on_hand(shop, "berlin") == 10
        second.assert_clean()


async def test_more_than_sent_asks_for_the_reason_and_a_receipt_can_be_undone(
    browser: Browser, shop: AdminShop
) -> None:
    path = await sent(shop)
    async with member(browser, shop, "sam") as watched:
        page = watched.page
        await visit(page, shop, path)
        await fill(page, f"Accept of {NAME}", "12")
        await page.get_by_role("button", name="Receive 12 units").click()
        asked = page.get_by_role("dialog")
        await expect(asked).to_contain_text("2 units more than were sent.")
        await asked.get_by_label("Reason").fill("two more in the box")
        await asked.get_by_role("button", name="Receive").click()
        await expect(page.get_by_text("2 of them found")).to_be_visible()
        assert on_hand(shop, "berlin") == 12
        await page.get_by_role("button", name="Undo receipt …").click()
        await asked.get_by_role("button", name="Undo the receipt").click()
        await expect(page.locator(".state")).to_have_text("Transfer 1: in transit.")
        assert (on_hand(shop, "berlin"), on_hand(shop, "berlin:in_transit")) == (0, 10)
        watched.assert_clean()


async def test_overdue_transfers_show_days_and_value(browser: Browser, shop: AdminShop) -> None:
    await sent(shop, 3, -4)
    async with member(browser, shop, "vi", screen=NARROW) as watched:
        page = watched.page
        await visit(page, shop, "transfers.html")
        state = page.locator(".state")
        await expect(state).to_contain_text("1 transfer overdue for up to 4 days: 5 units, $290.")
        await page.get_by_role("button", name="Overdue 1").click()
        await page.get_by_role("link", name="1: Main → Berlin").click()
        await expect(page.get_by_text("4 days overdue")).to_be_visible()
        await expect(page.get_by_role("button", name="Close …")).to_have_count(0)  # a viewer
        await page.go_back()
        await expect(page.get_by_role("link", name="1: Main → Berlin")).to_be_visible()
        watched.assert_clean()


async def test_it_works_by_keyboard_alone(browser: Browser, shop: AdminShop) -> None:
    path = await sent(shop)
    async with member(browser, shop, "sam") as watched:
        page = watched.page
        await visit(page, shop, path)
        await page.get_by_role("button", name="All arrived").focus()
        await page.keyboard.press("Enter")
        await page.get_by_label(f"Accept of {NAME}", exact=True).focus()
        await page.keyboard.press("Enter")  # sends the form
        await expect(page.locator(".state")).to_have_text("Transfer 1: received.")
        watched.assert_clean()


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_the_page_is_accessible_and_fits(
    browser: Browser, shop: AdminShop, screen: tuple[int, int], subtests: pytest.Subtests
) -> None:
    path = await sent(shop, 10, -2)
    async with member(browser, shop, screen=screen) as watched:
        page = watched.page
        for where in ("transfers.html", path):
            await visit(page, shop, where)
            await assert_accessible_in_both_schemes(page, subtests)
            assert not await too_wide(page)
        await page.get_by_role("button", name=f"One more Reject of {NAME}").click()
        await expect(page.get_by_label(f"Where rejected units of {NAME} go")).to_be_visible()
        await assert_accessible_in_both_schemes(page, subtests)
        assert not await too_wide(page)
        await visit(page, shop, "transfers.html")
        await page.get_by_role("button", name="New transfer").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await assert_accessible_in_both_schemes(page, subtests)
        watched.assert_clean()
