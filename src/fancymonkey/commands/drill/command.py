"""`fancymonkey drill`: a rehearsal of a drop against a running shop in demo mode."""

import sys
from collections.abc import Callable
from typing import Any

import click

from fancymonkey.commands.ask_server import address
from fancymonkey.commands.common import emit, json_option, progress, run
from fancymonkey.commands.drill.crowd import Drop, DropPlan
from fancymonkey.commands.drill.shop_client import DemoShop
from fancymonkey.commands.drill.verdict import Certificate, verdict
from fancymonkey.commands.numbers import DecimalNumber, WholeNumber
from fancymonkey.settings.settings import Settings

SHARE = DecimalNumber(0, 1)


@click.command()
@click.option(
    "--url", metavar="URL", help="URL of the shop, in demo mode. [the address of `serve`]"
)
@click.option("--buyers", type=WholeNumber(1, 20_000), default=500, show_default=True)
@click.option("--stock", type=WholeNumber(1, 1_000_000), default=20, show_default=True)
@click.option(
    "--product", metavar="ID", help="The product of the drop. [the first size without holds]"
)
@click.option("--size", metavar="SIZE", help="The size of the drop.")
@click.option(
    "--duplicate",
    type=SHARE,
    default=0.3,
    show_default=True,
    help="Share of events that arrive twice.",
)
@click.option(
    "--lose", type=SHARE, default=0.1, show_default=True, help="Share of events that never arrive."
)
@click.option(
    "--shuffle/--no-shuffle", default=True, show_default=True, help="Share of events out of order."
)
@click.option(
    "--late",
    type=SHARE,
    default=0.05,
    show_default=True,
    help="Share of payments after the hold has ended.",
)
@click.option(
    "--reconcile/--no-reconcile",
    default=True,
    show_default=True,
    help="Compare with Stripe before the result, as the shop does on schedule.",
)
@click.option(
    "--locations",
    type=WholeNumber(1, 10),
    default=1,
    show_default=True,
    help="Locations that have the stock; missing ones are added. All that sell online take part.",
)
@click.option(
    "--bundle/--no-bundle", default=False, help="Half of the buyers buy a bundle of the size."
)
@click.option(
    "--seed", type=WholeNumber(), help="Seed of the plan: the same seed gives the same plan."
)
@json_option
def drill(
    url: str | None, product: str | None, size: str | None, as_json: bool, **plan: Any
) -> None:
    """Rehearse a drop: many buyers buy from a running shop while failures are injected.

    The shop has to be in demo mode (serve --demo): the drill refuses a shop in which money could
    move. It sets the stock of one size, lets the crowd buy it, compares the shop with the
    fake Stripe, and restores the stock. Exits with 1 if anything was oversold or lost.
    """
    settings = Settings.load()
    with progress("The drop", hidden=as_json) as show:
        certificate = run(
            _drill(settings, url or address(settings), product, size, DropPlan(**plan), show)
        )
    if as_json:
        emit(certificate.as_json())
    else:
        for text in certificate.lines():
            click.echo(text)
    sys.exit(0 if certificate.passed else 1)


async def _drill(
    settings: Settings,
    url: str,
    product: str | None,
    size: str | None,
    plan: DropPlan,
    show: Callable[[int, int], None],
) -> Certificate:
    async with DemoShop(url, settings) as shop:
        await shop.require_demo()
        locations = await shop.locations(plan.locations)
        target = await shop.choose(product, size, locations)
        if plan.bundle:
            target = await shop.add_bundle(target)
        drop = Drop(shop, target, plan, show)
        await shop.set_stock(target, plan.stock_at(locations))
        try:
            await drop.run()
            return await verdict(shop, drop)
        finally:
            await shop.tidy(target, list(drop.holds.values()))
