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
        "If unset, `POST /api/checkout` answers 503; everything else works.",
        shown="none",
        secret=True,
    )
    stripe_api_base: str | None = setting(
        "STRIPE_API_BASE",
        loopback,
        None,
        "The URL of a fake Stripe on this machine, for rehearsals and tests: "
        "`http://127.0.0.1:12111`. Refused together with a live key.",
        shown="Stripe itself",
    )
    stripe_webhook_secrets: tuple[str, ...] = setting(
        "STRIPE_WEBHOOK_SECRET",
        several,
        (),
        "The signing secret of the Stripe webhook. Several, separated by commas, are all "
        "accepted: set the old and the new one while you rotate.",
        shown="none",
        secret=True,
    )
    shop_url: str | None = setting(
        "SHOP_URL",
        http_url,
        None,
        "The URL of the shop's pages, without a slash at the end: `https://shop.example`. Buyers "
        "return there from Stripe.",
        shown="this server",
    )
    success_url: str | None = setting(
        "SUCCESS_URL",
        http_url,
        None,
        "The page that a buyer sees after paying. Its query has `session_id=cs_…`.",
        shown="`SHOP_URL`/success.html",
    )
    cancel_url: str | None = setting(
        "CANCEL_URL",
        http_url,
        None,
        "The page that a buyer sees after leaving the checkout. Its query has `hold=res_…`.",
        shown="`SHOP_URL`/cancel.html",
    )
    currency: str = setting(
        "CURRENCY",
        currency_code,
        "usd",
        "The currency of the prices in the catalogue, in Stripe's form: `eur`. Used for sizes "
        "without a `priceId`.",
        shown="usd",
    )
    checkout_minutes: int = setting(
        "CHECKOUT_MINUTES",
        whole(30, 1439),
        30,
        "The duration of a checkout at Stripe, in minutes, from 30 (Stripe's minimum) to 1439.",
        shown="30",
    )
    checkout_grace_seconds: int = setting(
        "CHECKOUT_GRACE_SECONDS",
        whole(0, 86_400),
        300,
        "The time, in seconds, by which a hold outlives its checkout at Stripe, so that the "
        "webhook of a payment in the last second still finds it.",
        shown="300",
    )
    checkouts_per_hold: int = setting(
        "CHECKOUTS_PER_HOLD",
        whole(1, 100),
        5,
        "The number of checkouts that one hold may have: each checkout extends the hold.",
        shown="5",
    )
    pending_payment_days: int = setting(
        "PENDING_PAYMENT_DAYS",
        whole(1, 60),
        7,
        "The number of days that a hold waits for a payment that takes days, such as a "
        "bank transfer.",
        shown="7",
    )
    late_payment: str = setting(
        "LATE_PAYMENT",
        one_of("backorder", "refund"),
        "backorder",
        "The handling of a payment that arrives after its hold has ended, if too few units are "
        "available: `backorder` owes the buyer the rest, `refund` refunds the payment.",
        shown="backorder",
    )
    return_on_refund: str = setting(
        "RETURN_ON_REFUND",
        one_of("ask", "auto"),
        "ask",
        "Whether a full refund at Stripe returns the units to stock by itself (`auto`) or asks "
        "the owner (`ask`), because the goods may be with the buyer.",
        shown="ask",
    )
    reconcile_seconds: int = setting(
        "RECONCILE_SECONDS",
        whole(0, 86_400),
        300,
        "The interval of comparisons of the ledger with Stripe, in seconds; 0 leaves it to "
        "`fancymonkey reconcile`.",
        shown="300",
    )
