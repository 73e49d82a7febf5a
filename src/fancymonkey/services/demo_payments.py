"""Demo mode: a fake Stripe inside the service, so that buying works without keys."""

import secrets

from fancymonkey.engine.engine import Engine
from fancymonkey.fake_stripe.app import DEMO_KEY, FakeStripe, FakeStripeSettings
from fancymonkey.fake_stripe.prices import Price
from fancymonkey.payments.basket import minor_units
from fancymonkey.settings.fields import PUBLISHED_PASSWORD
from fancymonkey.settings.settings import Settings

PATH = "/demo/stripe"


def stand_in(engine: Engine, settings: Settings) -> tuple[FakeStripe, Settings]:
    """The fake Stripe, and the settings that make the service use it."""
    here = f"http://127.0.0.1:{settings.server.port}"
    secret = f"whsec_{secrets.token_hex(16)}"

    def price(price_id: str) -> Price | None:
        """The catalogue's amount, currency and name for a price id of Stripe."""
        for item in engine.view.items.values():
            product = engine.view.products.get(item.product_id)
            if item.price_id == price_id and product is not None and product.price is not None:
                amount = minor_units(product.price, settings.payments.currency)
                return amount, settings.payments.currency, f"{product.name} ({item.size})"
        return None

    fake = FakeStripe(
        FakeStripeSettings(
            base_url=here + PATH,
            webhooks=[(f"{here}/api/webhooks/stripe", secret)],
            prices=price,
        ),
        engine.clock,
    )
    changed = settings.changed(
        stripe_secret_key=DEMO_KEY,
        stripe_api_base=here + PATH,
        stripe_webhook_secrets=(*settings.payments.stripe_webhook_secrets, secret),
        admin_password=settings.accounts.admin_password
        or (PUBLISHED_PASSWORD if settings.published else None),
    )
    return fake, changed
