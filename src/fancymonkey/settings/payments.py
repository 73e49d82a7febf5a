"""Settings: Stripe, the checkout, and late or refunded payments."""

from fancymonkey.settings.fields import (
    SettingsGroup,
    any_text,
    currency_code,
    http_url,
    loopback,
    one_of,
    setting,
    several,
    whole,
)


class PaymentSettings(SettingsGroup):
    """Stripe, the checkout, and late or refunded payments."""

    stripe_secret_key: str | None = setting(
        "STRIPE_SECRET_KEY",
        any_text,
        None,
        "The secret key of the Stripe account (`sk_live_…`, `sk_test_…`, or a restricted key). "
        "Without it `POST /api/checkout` answers 503; everything else works.",
        shown="none",
        secret=True,
    )
    stripe_api_base: str | None = setting(
        "STRIPE_API_BASE",
        loopback,
        None,
        "Where a stand-in for Stripe listens on this machine, for rehearsals and tests: "
        "`http://127.0.0.1:12111`. Refused beside a live key.",
        shown="Stripe itself",
    )
    stripe_webhook_secrets: tuple[str, ...] = setting(
        "STRIPE_WEBHOOK_SECRET",
        several,
        (),
        "The signing secret of the Stripe webhook. Several, separated by commas, are all "
        "accepted: give the old and the new one while you rotate.",
        shown="none",
        secret=True,
    )
    shop_url: str | None = setting(
        "SHOP_URL",
        http_url,
        None,
        "Where the shop's pages are, without a slash at the end: `https://shop.example`. Buyers "
        "return there from Stripe.",
        shown="this server",
    )
    success_url: str | None = setting(
        "SUCCESS_URL",
        http_url,
        None,
        "The page a buyer sees after paying. Gets `session_id=cs_…` in its query.",
        shown="`SHOP_URL`/success.html",
    )
    cancel_url: str | None = setting(
        "CANCEL_URL",
        http_url,
        None,
        "The page a buyer sees who turns back at the checkout. Gets `hold=res_…` in its query.",
        shown="`SHOP_URL`/cancel.html",
    )
    currency: str = setting(
        "CURRENCY",
        currency_code,
        "usd",
        "The currency of the prices in the catalogue, as Stripe writes it: `eur`. Used for sizes "
        "without a `priceId`.",
        shown="usd",
    )
    checkout_minutes: int = setting(
        "CHECKOUT_MINUTES",
        whole(30, 1439),
        30,
        "How long a buyer may take at Stripe, in minutes, from 30 (Stripe's least) to 1439.",
        shown="30",
    )
    checkout_grace_seconds: int = setting(
        "CHECKOUT_GRACE_SECONDS",
        whole(0, 86_400),
        300,
        "How long a hold outlives its checkout at Stripe, so that word of a payment in the last "
        "second finds it alive.",
        shown="300",
    )
    checkouts_per_hold: int = setting(
        "CHECKOUTS_PER_HOLD",
        whole(1, 100),
        5,
        "How often one hold may be taken to the checkout: each time it lives on for as long as "
        "the checkout does.",
        shown="5",
    )
    pending_payment_days: int = setting(
        "PENDING_PAYMENT_DAYS",
        whole(1, 60),
        7,
        "How long a hold waits for a payment that takes days (bank transfers and the like).",
        shown="7",
    )
    late_payment: str = setting(
        "LATE_PAYMENT",
        one_of("backorder", "refund"),
        "backorder",
        "What becomes of a payment that comes after its hold has ended and cannot be served from "
        "what is available: `backorder` owes the buyer the rest, `refund` gives the money back.",
        shown="backorder",
    )
    return_on_refund: str = setting(
        "RETURN_ON_REFUND",
        one_of("ask", "auto"),
        "ask",
        "Whether a whole refund at Stripe puts the units back on hand by itself (`auto`) or asks "
        "the owner (`ask`): the goods may be with the buyer.",
        shown="ask",
    )
    reconcile_seconds: int = setting(
        "RECONCILE_SECONDS",
        whole(0, 86_400),
        300,
        "How often the ledger is compared with Stripe, in seconds; 0 leaves it to "
        "`fancymonkey reconcile`.",
        shown="300",
    )
