"""The objects of a fake Stripe account; each change creates the same events as at Stripe.

The shapes are Stripe's own (`objects.json`). Nothing here waits or does input or output. Times are
in seconds, as at Stripe; the caller passes `now`.
"""

import copy
import secrets
from collections.abc import Callable
from random import Random
from typing import Any

from fancymonkey.fake_stripe.objects import Invalid, StripeObject, shaped, texts, whole
from fancymonkey.fake_stripe.prices import Price, line_items

PAID = ("paid", "no_payment_required")
SHORTEST = 30 * 60
LONGEST = 24 * 3600
LEEWAY = 30
"""The delay of a request (s) that the check of a session's half hour allows for."""


class Account:
    """All objects of the account."""

    def __init__(
        self,
        base_url: str,
        prices: Callable[[str], Price | None],
        on_event: Callable[[StripeObject], None],
        random: Random | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._prices = prices
        self._on_event = on_event
        self._random = random
        self.sessions: dict[str, StripeObject] = {}
        self.lines: dict[str, list[StripeObject]] = {}
        self.intents: dict[str, StripeObject] = {}
        self.charges: dict[str, StripeObject] = {}
        self.refunds: dict[str, StripeObject] = {}
        self.events: dict[str, StripeObject] = {}
        self.kept_back: dict[str, list[StripeObject]] = {}
        self._metadata: dict[str, dict[str, str]] = {}

    def _id(self, prefix: str) -> str:
        if self._random is not None:
            return f"{prefix}_{self._random.getrandbits(96):024x}"
        return f"{prefix}_{secrets.token_hex(12)}"

    def _new(self, shape: str, prefix: str, now: int, **fields: Any) -> StripeObject:
        return shaped(shape, self._id(prefix), now, **fields)

    def create_session(self, params: StripeObject, now: int) -> StripeObject:
        """A Checkout Session. Raises Invalid."""
        if params.get("mode") != "payment":
            raise Invalid("The fake Stripe supports only `mode=payment`.", param="mode")
        for name in ("success_url", "line_items"):
            if not params.get(name):
                raise Invalid(f"Missing required param: {name}.", param=name)
        expires_at = whole(params.get("expires_at"), "expires_at", now + LONGEST)
        if not now + SHORTEST - LEEWAY <= expires_at <= now + LONGEST:
            raise Invalid(
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.",
                param="expires_at",
            )
        lines = line_items(self._new, self._prices, params["line_items"], now)
        currencies = {line["currency"] for line in lines}
        if len(currencies) > 1:
            raise Invalid("All prices of a session must have one currency.", param="line_items")
        total = sum(line["amount_total"] for line in lines)
        session = self._new(
            "checkout.session",
            "cs_test",
            now,
            amount_subtotal=total,
            amount_total=total,
            currency=currencies.pop(),
            currency_conversion=None,
            shipping_cost=None,
            total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            success_url=params["success_url"],
            cancel_url=params.get("cancel_url"),
            client_reference_id=params.get("client_reference_id"),
            customer_email=params.get("customer_email"),
            metadata=texts(params.get("metadata")),
            expires_at=expires_at,
            mode="payment",
            payment_intent=None,
            payment_status="unpaid" if total else "no_payment_required",
            status="open",
        )
        session["url"] = f"{self._base_url}/pay/{session['id']}"
        self.sessions[session["id"]] = session
        self.lines[session["id"]] = lines
        self.kept_back[session["id"]] = []
        data = params.get("payment_intent_data")
        self._metadata[session["id"]] = (
            texts(data.get("metadata")) if isinstance(data, dict) else {}
        )
        return session

    def session(self, id_: str, now: int) -> StripeObject:
        """The session in its present state. Raises Invalid if there is none."""
        session = self.sessions.get(id_)
        if session is None:
            raise Invalid(
                f"No such checkout.session: {id_}",
                status=404,
                param="session",
                code="resource_missing",
            )
        if session["status"] == "open" and session["expires_at"] <= now:
            self._end(session, now)
        return session

    def tick(self, now: int) -> None:
        """Ends every session whose deadline has passed."""
        for id_ in [id_ for id_, row in self.sessions.items() if row["status"] == "open"]:
            self.session(id_, now)

    def _end(self, session: StripeObject, now: int) -> None:
        session |= {"status": "expired", "url": None}
        self._event("checkout.session.expired", session, now)

    def _open(self, id_: str, now: int) -> StripeObject:
        session = self.session(id_, now)
        if session["status"] != "open":
            raise Invalid(
                f'Only Checkout Sessions with a status in ["open"] can do this. This one has a '
                f"status of {session['status']}.",
            )
        return session

    def expire(self, id_: str, now: int) -> StripeObject:
        """Ends an open session. Raises Invalid if it is not open."""
        session = self._open(id_, now)
        self._end(session, now)
        return session

    def pay(self, id_: str, now: int, *, keep_back: bool = False) -> StripeObject:
        """Pays a session at once; with `keep_back` the events wait for `deliver`."""
        session = self._open(id_, now)
        self._complete(session, now, "paid" if session["amount_total"] else "no_payment_required")
        self._charge(session, now)
        self._event("checkout.session.completed", session, now, keep_back=keep_back)
        return session

    def pay_later(self, id_: str, now: int) -> StripeObject:
        """Completes a session with a payment that takes days: it is still unpaid."""
        session = self._open(id_, now)
        self._complete(session, now, "unpaid")
        self._event("checkout.session.completed", session, now)
        return session

    def money_arrives(self, id_: str, now: int) -> StripeObject:
        """Lets a payment that takes days succeed."""
        session = self._pending(id_, now)
        session["payment_status"] = "paid"
        self._charge(session, now)
        self._event("checkout.session.async_payment_succeeded", session, now)
        return session

    def money_fails(self, id_: str, now: int) -> StripeObject:
        """Lets a payment that takes days fail."""
        session = self._pending(id_, now)
        intent = self.intents[session["payment_intent"]]
        intent["status"] = "requires_payment_method"
        self._event("payment_intent.payment_failed", intent, now)
        self._event("checkout.session.async_payment_failed", session, now)
        return session

    def decline(self, id_: str, now: int) -> StripeObject:
        """Declines a card; the session stays open."""
        session = self._open(id_, now)
        intent = self._intent(session, now, "requires_payment_method")
        self._event("payment_intent.payment_failed", intent, now)
        return session

    def deliver(self, id_: str) -> int:
        """Sends the withheld events; returns their number."""
        waiting = self.kept_back.get(id_, [])
        self.kept_back[id_] = []
        for event in waiting:
            self._on_event(event)
        return len(waiting)

    def _pending(self, id_: str, now: int) -> StripeObject:
        session = self.session(id_, now)
        intent = self.intents.get(session["payment_intent"] or "", {})
        waiting = session["status"] == "complete" and session["payment_status"] == "unpaid"
        if not waiting or intent.get("status") != "processing":
            raise Invalid("This session has no pending payment.")
        return session

    def _complete(self, session: StripeObject, now: int, payment_status: str) -> None:
        session |= {"status": "complete", "payment_status": payment_status, "url": None}
        session["customer_details"]["email"] = session["customer_email"] or "buyer@example.com"
        if session["amount_total"]:
            status = "processing" if payment_status == "unpaid" else "succeeded"
            self._intent(session, now, status)

    def _intent(self, session: StripeObject, now: int, status: str) -> StripeObject:
        intent = self.intents.get(session["payment_intent"] or "")
        if intent is None:
            intent = self._new(
                "payment_intent",
                "pi",
                now,
                amount=session["amount_total"],
                currency=session["currency"],
                canceled_at=None,
                last_payment_error=None,
                next_action=None,
                processing=None,
                shipping=None,
                metadata=self._metadata.get(session["id"], {}),
            )
            intent["client_secret"] = f"{intent['id']}_secret_demo"
            self.intents[intent["id"]] = intent
            session["payment_intent"] = intent["id"]
        intent["status"] = status
        return intent

    def _charge(self, session: StripeObject, now: int) -> None:
        if not session["amount_total"]:
            return
        intent = self._intent(session, now, "succeeded")
        intent["amount_received"] = intent["amount"]
        charge = self._new(
            "charge",
            "ch",
            now,
            amount=intent["amount"],
            amount_captured=intent["amount"],
            amount_refunded=0,
            captured=True,
            currency=intent["currency"],
            description=None,
            metadata=intent["metadata"],
            paid=True,
            payment_intent=intent["id"],
            refunded=False,
            status="succeeded",
        )
        intent["latest_charge"] = charge["id"]
        self.charges[charge["id"]] = charge
        self._event("payment_intent.succeeded", intent, now)
        self._event("charge.succeeded", charge, now)

    def refund(self, params: StripeObject, now: int) -> StripeObject:
        """Refunds a payment. Raises Invalid if there is none, or too little is left of it."""
        charge = self._charge_of(params)
        left = charge["amount"] - charge["amount_refunded"]
        if not left:
            raise Invalid(
                f"Charge {charge['id']} has already been refunded.",
                code="charge_already_refunded",
            )
        amount = whole(params.get("amount"), "amount", left)
        if amount > left:
            raise Invalid("Refund amount is greater than unrefunded amount.", param="amount")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        refund = self._new(
            "refund",
            "re",
            now,
            amount=amount,
            charge=charge["id"],
            currency=charge["currency"],
            metadata=texts(params.get("metadata")),
            payment_intent=charge["payment_intent"],
            reason=params.get("reason"),
            status="succeeded",
        )
        del refund["livemode"]
        self.refunds[refund["id"]] = refund
        self._event("refund.created", refund, now)
        self._event("charge.refunded", charge, now)
        return refund

    def _charge_of(self, params: StripeObject) -> StripeObject:
        intent = self.intents.get(str(params.get("payment_intent", "")))
        id_ = str(params.get("charge", "")) if intent is None else intent["latest_charge"]
        charge = self.charges.get(id_ or "")
        if charge is None:
            raise Invalid(
                "No such payment, or it was never paid.",
                status=404,
                param="payment_intent",
                code="resource_missing",
            )
        return charge

    def _event(self, type_: str, obj: StripeObject, now: int, *, keep_back: bool = False) -> None:
        event = self._new(
            "event",
            "evt",
            now,
            type=type_,
            data={"object": copy.deepcopy(obj)},
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
        )
        self.events[event["id"]] = event
        if keep_back:
            self.kept_back[obj["id"]].append(event)
        else:
            self._on_event(event)
