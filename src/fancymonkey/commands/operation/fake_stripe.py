"""`fancymonkey stand-in`: a fake Stripe on this machine, for rehearsals and tests."""

import secrets

import click
import uvicorn

from fancymonkey.commands.numbers import WholeNumber
from fancymonkey.commands.operation.serve import listen
from fancymonkey.fake_stripe.app import DEMO_KEY, FakeStripe, FakeStripeSettings


@click.command("stand-in")
@click.option("--port", type=WholeNumber(0, 65_535), default=12111, show_default=True)
@click.option(
    "--webhook",
    metavar="URL",
    default="http://127.0.0.1:8000/api/webhooks/stripe",
    show_default=True,
    help="The URL that receives events.",
)
@click.option("--secret", metavar="WHSEC", help="The signing secret of events. [random]")
@click.option("--seed", type=WholeNumber(), help="Makes ids and failures repeatable.")
def stand_in(port: int, webhook: str, secret: str | None, seed: int | None) -> None:
    """Run a fake Stripe on 127.0.0.1. No money moves, and nothing is stored.

    It speaks Stripe's HTTP API to Stripe's own libraries, has a checkout page to pay on, and sends
    signed events.
    """
    secret = secret or f"whsec_{secrets.token_hex(16)}"
    listener = listen("127.0.0.1", port)
    with listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        fake_stripe = FakeStripe(FakeStripeSettings(base, webhooks=[(webhook, secret)], seed=seed))
        click.echo("A fake Stripe. Start the service with:", err=True)
        for name, value in (
            ("STRIPE_SECRET_KEY", DEMO_KEY),
            ("STRIPE_API_BASE", base),
            ("STRIPE_WEBHOOK_SECRET", secret),
        ):
            click.echo(f"  {name}={value}")
        config = uvicorn.Config(fake_stripe.app, log_level="warning", lifespan="on")
        uvicorn.Server(config).run(sockets=[listener])
