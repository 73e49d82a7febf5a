"""The shop's pages on a host of their own, and the drop-in script on a foreign page."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from click.testing import CliRunner
from playwright.async_api import Browser, expect
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from fancymonkey.commands.operation.storefront import storefront
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.stock.adjust import Adjust
from fancymonkey.storefront import MODULE
from tests.browser.shop_page import buyer, demo_shop, go_to_the_till, put_in_basket
from tests.support.ports import free_port
from tests.support.uvicorns import serving
from tests.web.shops import HOODIE

GUIDE = Path(__file__).parents[2] / "docs/how-to/put-stock-on-your-site.md"


@asynccontextmanager
async def static_host(folder: Path, port: int, policy: str = "") -> AsyncIterator[str]:
    """A web server for files only."""

    class Files(StaticFiles):
        def file_response(self, *args: object, **kwargs: object) -> Response:
            response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
            if policy:
                response.headers["Content-Security-Policy"] = policy
            return response

    app = Starlette()
    app.mount("/", Files(directory=folder, html=True))
    async with serving(app, port) as url:
        yield url


async def test_the_pages_work_from_another_host(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    home = f"http://127.0.0.1:{port}"
    async with demo_shop(cors_origins=(home,), shop_url=home) as shop:
        made = CliRunner().invoke(storefront, ["--to", str(tmp_path / "site"), "--api", shop.url])
        assert made.exit_code == 0, made.output
        async with static_host(tmp_path / "site", port) as url, buyer(browser) as watched:
            page = watched.page
            await page.goto(url)
            await put_in_basket(page)
            await go_to_the_till(page)
            await page.get_by_role("button", name="Pay 58.00 USD").click()
            await page.wait_for_url(f"{home}/success.html?session_id=cs_*")
            await expect(page.locator("body[data-done=paid]")).to_be_attached()
            assert shop.on_hand() == 19
            watched.assert_clean()


PICKUP_PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<div data-fm-product="{product}"><p id="where" data-fm-pickup></p></div>
<script type="module" src="{shop}/v1/fancymonkey.js"></script>"""


async def test_a_foreign_page_shows_where_a_product_can_be_collected(
    browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    async with demo_shop(cors_origins=(f"http://127.0.0.1:{port}",)) as shop:
        for command in (
            AddLocation(location=Location("berlin", "Berlin", priority=2, pickup=True)),
            Adjust(sku=f"{HOODIE}/M", location="berlin", delta=2),
        ):
            await shop.engine.submit(command)
        (tmp_path / "index.html").write_text(PICKUP_PAGE.format(product=HOODIE, shop=shop.url))
        async with static_host(tmp_path, port) as url, buyer(browser) as watched:
            await watched.page.goto(url)
            where = watched.page.locator("#where")
            await expect(where).to_have_text("Pick up in Berlin today: M (2 left)")
            watched.assert_clean()


async def test_a_strange_origin_gets_no_stock(browser: Browser, tmp_path: Path) -> None:
    async with demo_shop(cors_origins=("https://shop.example",)) as shop:
        CliRunner().invoke(storefront, ["--to", str(tmp_path), "--api", shop.url])
        async with static_host(tmp_path, 0) as url, buyer(browser) as watched:
            await watched.page.goto(url)
            await expect(watched.page.locator("#offline")).to_be_visible()
            assert not watched.page_errors


def example(kind: str) -> str:
    """A block of code of the guide, by the marker before it."""
    match = re.search(rf"<!-- {kind} -->\n```\w+\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert match is not None
    return match[1]


async def test_the_guides_example_works_on_a_page_that_is_not_ours(
    browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    home = f"http://127.0.0.1:{port}"
    async with demo_shop(cors_origins=(home,), shop_url=home) as shop:
        service = "https://stock.example.com"
        markup = example("example").replace(service, shop.url)
        (tmp_path / "index.html").write_text(f"<!doctype html><title>Mine</title>{markup}")
        (tmp_path / "shop.js").write_text(example("script"))
        (tmp_path / "favicon.ico").write_bytes(b"")
        lines = re.search(r"```\n(script-src.*?)```", GUIDE.read_text(), re.DOTALL)
        assert lines is not None
        live = shop.url.replace("http", "ws")
        policy = lines[1].replace("wss://stock.example.com", live).replace(service, shop.url)
        policy = f"default-src 'self'; {' '.join(policy.split())}"
        async with static_host(tmp_path, port, policy) as url, buyer(browser) as watched:
            page = watched.page
            await page.goto(url)
            buy = page.locator("[data-fm-buy=M]")
            shown = page.locator("[data-fm-stock=M]")
            await expect(buy).to_be_enabled()
            await shop.count(2)
            await expect(shown).to_have_text("Only 2 left!")
            await expect(shown).to_have_class("stock-warning")
            body = {"productId": HOODIE, "size": "M", "quantity": 2, "sessionId": "somebody"}
            await page.request.post(f"{shop.url}/api/inventory/reserve", data=body)
            await expect(shown).to_contain_text("In other baskets, may be back by ")
            await expect(buy).to_have_class("sold-out")
            await expect(buy).to_be_disabled()
            await shop.count(3)
            await buy.click()
            await page.wait_for_url("**/demo/stripe/pay/**")
            assert shop.reserved() == 3
            watched.assert_clean()


async def test_the_drop_in_shows_the_reason_of_a_refusal(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    home = f"http://127.0.0.1:{port}"
    async with demo_shop(cors_origins=(home,)) as shop:
        (tmp_path / "index.html").write_text(
            f'<!doctype html><meta name="fancymonkey-api" content="{shop.url}">'
            '<script type="module" src="own.js"></script><link rel="icon" href="data:,">'
        )
        (tmp_path / "own.js").write_text(
            f"import * as fm from '{shop.url}/v1/fancymonkey.js';\n"
            "window.refusal = new Promise((done) => fm.on('refused', done));\n"
            f"fm.reserve([{{ productId: '{HOODIE}', size: 'XL', quantity: 1 }}]).catch(() => {{}});"
        )
        async with static_host(tmp_path, port) as url, buyer(browser) as watched:
            await watched.page.goto(url)
            received = await watched.page.evaluate("window.refusal")
            assert received["code"] == "insufficient_stock"
            assert received["lines"][0]["available"] == 0


async def test_the_script_keeps_known_stock_and_sells_nothing_while_offline(
    browser: Browser, tmp_path: Path
) -> None:
    port, service = free_port(), free_port()
    home = f"http://127.0.0.1:{port}"
    (tmp_path / "own.js").write_bytes(MODULE.read_bytes())
    (tmp_path / "index.html").write_text(
        f'<!doctype html><meta name="fancymonkey-api" content="http://127.0.0.1:{service}">'
        '<link rel="icon" href="data:,"><script type="module" src="own.js"></script>'
        f'<div data-fm-product="{HOODIE}"><button data-fm-buy="M">Buy</button>'
        '<small data-fm-stock="M"></small></div>'
    )
    async with static_host(tmp_path, port) as url, buyer(browser) as watched:
        page = watched.page
        buy, shown = page.locator("[data-fm-buy=M]"), page.locator("[data-fm-stock=M]")
        await page.goto(url)
        await expect(buy).to_be_disabled()
        async with demo_shop(service, cors_origins=(home,), shop_url=home) as shop:
            await shop.count(2)
            await page.goto(url)
            await expect(shown).to_have_text("Only 2 left!")
            await expect(buy).to_be_enabled()
        await expect(buy).to_be_disabled(timeout=20_000)
        await expect(shown).to_have_text("Only 2 left!")
        assert not watched.page_errors
