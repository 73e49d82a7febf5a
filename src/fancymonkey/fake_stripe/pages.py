"""The hosted checkout page of the fake. It works without a script, and shows that it is a demo."""

import html
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from fancymonkey.engine.clock import Clock
from fancymonkey.fake_stripe.account import Account
from fancymonkey.fake_stripe.objects import Invalid, StripeObject

STATIC = resources.files("fancymonkey.fake_stripe") / "static"
WHOLE = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv"]
) | {"xaf", "xof", "xpf"}
THOUSANDTHS = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

ACTIONS = {
    "pay": ("Pay {amount}", "The payment succeeds at once."),
    "decline": ("Have the card declined", "Nothing is paid; you can try again."),
    "later": ("Pay by bank transfer", "Takes days: the order waits until the money arrives."),
    "late": ("Pay with a late webhook", "You pay now; the shop is notified only when you choose."),
    "abandon": ("Back to the shop", "Nothing is paid, and the shop releases your units."),
}


class Pages:
    """The hosted checkout."""

    def __init__(self, account: Account, base_url: str, clock: Clock) -> None:
        self._account = account
        self._base = base_url.rstrip("/")
        self._clock = clock

    def routes(self) -> list[Route]:
        """The pages and their style."""
        return [
            Route("/pay/{id}", self._show, methods=["GET"]),
            Route("/pay/{id}/{action}", self._act, methods=["POST"]),
            Route("/static/pay.css", self._style, methods=["GET"]),
        ]

    async def _style(self, request: Request) -> Response:
        text = (STATIC / "pay.css").read_text("utf-8")
        return Response(text, media_type="text/css", headers={"Cache-Control": "no-cache"})

    async def _show(self, request: Request) -> Response:
        try:
            session = self._account.session(request.path_params["id"], self._now())
        except Invalid as error:
            return self._page("No such checkout", f"<p>{html.escape(str(error))}</p>", 404)
        return self._checkout(session)

    async def _act(self, request: Request) -> Response:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return self._page("Not allowed", "<p>Another site has sent this form.</p>", 403)
        id_, action, now = request.path_params["id"], request.path_params["action"], self._now()
        account = self._account
        try:
            session = account.session(id_, now)
            match action:
                case "pay":
                    return self._go(account.pay(id_, now)["success_url"], id_)
                case "late":
                    account.pay(id_, now, keep_back=True)
                case "later":
                    account.pay_later(id_, now)
                case "arrives":
                    account.money_arrives(id_, now)
                case "fails":
                    account.money_fails(id_, now)
                case "decline":
                    account.decline(id_, now)
                    return self._checkout(session, "The card was declined. Nothing was paid.")
                case "deliver":
                    account.deliver(id_)
                    return self._go(session["success_url"], id_)
                case "abandon" if session["cancel_url"]:
                    return self._go(session["cancel_url"], id_)
                case _:
                    return self._page("There is nothing here", "", 404)
        except Invalid as error:
            return self._page("That is not possible", f"<p>{html.escape(str(error))}</p>", 409)
        return RedirectResponse(f"{self._base}/pay/{id_}", 303, NO_STORE)

    def _go(self, url: str, id_: str) -> Response:
        return RedirectResponse(url.replace("{CHECKOUT_SESSION_ID}", id_), 303, NO_STORE)

    def _now(self) -> int:
        return self._clock() // 1000

    def _checkout(self, session: StripeObject, message: str = "") -> Response:
        amount = money(session["amount_total"], session["currency"])
        rows = "".join(
            f"<tr><td>{html.escape(line['description'])}</td><td>{line['quantity']}</td>"
            f"<td>{money(line['amount_total'], line['currency'])}</td></tr>"
            for line in self._account.lines[session["id"]]
        )
        until = datetime.fromtimestamp(session["expires_at"], UTC)
        note = f'<p class="message" role="alert">{html.escape(message)}</p>' if message else ""
        body = (
            f"{note}<table><caption>What you buy</caption><thead><tr><th>Item</th><th>Number</th>"
            f"<th>Price</th></tr></thead><tbody>{rows}</tbody>"
            f"<tfoot><tr><td colspan=2>Total</td><td>{amount}</td></tr></tfoot></table>"
        )
        if session["status"] == "open":
            body += f'<p class="until">Open until {until:%H:%M} UTC.</p>' + "".join(
                self._button(session, action, title.format(amount=amount), hint)
                for action, (title, hint) in ACTIONS.items()
                if action != "abandon" or session["cancel_url"]
            )
            return self._page("Checkout", body, origins=self._origins(session))
        title, more = self._after(session)
        return self._page(title, more + body, origins=self._origins(session))

    def _after(self, session: StripeObject) -> tuple[str, str]:
        """The title and content of the page once a session is no longer open."""
        if session["status"] == "expired":
            return "This checkout has ended", "<p>Nothing was paid. Go back to the shop.</p>"
        if session["payment_status"] == "unpaid":
            arrives = self._button(session, "arrives", "The money arrives", "")
            return (
                "Waiting for your transfer",
                "<p>The shop keeps your units until then. What happens next?</p>"
                + arrives
                + self._button(session, "fails", "The money never comes", ""),
            )
        if self._account.kept_back.get(session["id"]):
            return (
                "Paid, but not yet reported to the shop",
                "<p>Release the units in the shop now, or let another buyer take them; then send "
                "the webhook.</p>" + self._button(session, "deliver", "Send the webhook", ""),
            )
        return "Paid", "<p>Thank you. This was a rehearsal.</p>"

    def _button(self, session: StripeObject, action: str, title: str, hint: str) -> str:
        kind = "first" if action in ("pay", "arrives", "deliver") else "other"
        about = f"<small>{html.escape(hint)}</small>" if hint else ""
        return (
            f'<form method="post" action="{self._base}/pay/{session["id"]}/{action}">'
            f'<button class="{kind}">{html.escape(title)}</button>{about}</form>'
        )

    def _origins(self, session: StripeObject) -> list[str]:
        """The origins to which the page's forms may redirect: browsers check them."""
        origins = set()
        for url in (session["success_url"], session["cancel_url"] or ""):
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.netloc.isascii():
                origins.add(f"{parts.scheme}://{parts.netloc}")
        return sorted(origins)

    def _page(
        self, title: str, body: str, status: int = 200, origins: list[str] | None = None
    ) -> Response:
        targets = " ".join(["'self'", *(origins or [])])
        text = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{html.escape(title)} (demo)</title>"
            f'<link rel="stylesheet" href="{self._base}/static/pay.css"></head><body><main>'
            '<p class="demo"><strong>Demo.</strong> This page stands in for Stripe. '
            "No money moves, and no card is needed.</p>"
            f"<h1>{html.escape(title)}</h1>{body}</main></body></html>"
        )
        policy = (
            "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action {targets}"
        )
        headers = {**NO_STORE, "Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
        return Response(text, status, headers, media_type="text/html")


def money(amount: int, currency: str) -> str:
    """An amount in the currency's smallest unit, for people."""
    places = 0 if currency in WHOLE else 3 if currency in THOUSANDTHS else 2
    return f"{Decimal(amount).scaleb(-places):.{places}f} {currency.upper()}"
