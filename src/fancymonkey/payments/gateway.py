"""Calls Stripe through its official library; no other module does.

A call may take seconds and is never made inside a lock or a transaction.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fancymonkey.errors import PaymentError, PaymentRefused, PaymentUnknown
from fancymonkey.payments.buyers import FIELDS

TIMEOUT_SECONDS = 10.0
PAGE = 100
PAID = ("paid", "no_payment_required")
GIVEN_BACK = ("succeeded", "pending", "requires_action")
"""States of a refund that returns the money, now or later."""
LOST = ("failed", "canceled")
"""States of a refund that does not return the money."""
MONEY = (
    "currency",
    "amount_total",
    "amount_subtotal",
    "total_details",
    "currency_conversion",
    "line_items",
)
"""The fields of a session about money."""
MALFORMED_ANSWER = (AttributeError, KeyError, OverflowError, TypeError, ValueError)
"""The exceptions that reading a malformed answer raises."""


@dataclass(frozen=True, slots=True)
class PaymentSession:
    """The fields we use of a Stripe Checkout Session. Times in ms.

    `reservation_id` is the hold that the session may belong to, `ours` whether our metadata states
    it: another system on the same account has ids of its own. `number` is the attempt of that hold,
    `intent` the id of the payment. `subtotal` is the price of the lines, in the smallest unit of
    `currency`; `money` has all fields about money and `buyer` those about the buyer, as Stripe
    sends them.
    """

    id: str
    url: str | None
    status: str
    payment_status: str
    created_at: int
    expires_at: int
    reservation_id: str | None
    ours: bool
    number: int | None
    intent: str | None
    subtotal: int | None = None
    currency: str = ""
    money: dict[str, Any] = field(default_factory=dict)
    buyer: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def paid(self) -> bool:
        """Whether the payment has arrived, or none is required."""
        return self.status == "complete" and self.payment_status in PAID


@dataclass(frozen=True, slots=True)
class Refund:
    """The fields we use of a refund. `succeeded`: the money returns, now or later.

    `amount` is in the smallest unit, None if Stripe does not state it.
    """

    id: str
    succeeded: bool
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Paid:
    """The amount paid and the amount refunded, in the smallest unit of the currency."""

    amount: int
    refunded: int
    currency: str
    buyer: str | None
    at: int


class Gateway:
    """The client of the Stripe API.

    Raises PaymentRefused if nothing was done, PaymentUnknown if the outcome is unknown.
    """

    def __init__(self, key: str, base: str | None = None, timeout: float = TIMEOUT_SECONDS) -> None:
        # Imported here: the library takes 25 MB, which a shop without Stripe does not need.
        import stripe

        self._errors = stripe
        self._http = stripe.HTTPXClient(timeout=timeout)
        self._client = stripe.StripeClient(
            key,
            http_client=self._http,
            base_addresses={"api": base.rstrip("/")} if base else None,
            max_network_retries=0,
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.close_async()

    async def create_session(self, request: dict[str, Any], key: str) -> PaymentSession:
        """A new session; the same idempotency key and request return the session made before."""
        session = await self._ask(
            lambda: self._client.v1.checkout.sessions.create_async(
                request, {"idempotency_key": key}
            )
        )
        return session_of(session)

    async def session(self, id_: str) -> PaymentSession:
        """The session in its present state."""
        return session_of(
            await self._ask(lambda: self._client.v1.checkout.sessions.retrieve_async(id_))
        )

    async def expire(self, id_: str) -> PaymentSession:
        """Ends a session, so that it can no longer be paid. An ended session stays as it is.

        Raises PaymentUnknown if it is still open.
        """
        try:
            session = session_of(
                await self._ask(lambda: self._client.v1.checkout.sessions.expire_async(id_))
            )
        except PaymentRefused as error:
            if not error.reached or error.missing:
                raise
            session = await self.session(id_)
        if session.status == "open":
            raise PaymentUnknown("Stripe has not ended the session.")
        return session

    async def sessions(self, since: int) -> AsyncIterator[PaymentSession]:
        """Every session made since a time in ms, the newest first."""
        listed = self._client.v1.checkout.sessions.list_async
        async for row in self._pages(listed, {"created": {"gte": since // 1000}}):
            yield session_of(row)

    async def events(self, since: int, types: tuple[str, ...]) -> AsyncIterator[bytes]:
        """Every event of these types since a time in ms, the newest first, as JSON."""
        query = {"created": {"gte": since // 1000}, "types": list(types)}
        async for row in self._pages(self._client.v1.events.list_async, query):
            yield json.dumps(row, default=str).encode()

    async def thing(self, kind: str, id_: str) -> dict[str, Any] | None:
        """An object of Stripe by its kind and id; None for a kind that we do not read."""
        v1 = self._client.v1
        readers: dict[str, Callable[[str], Awaitable[Any]]] = {
            "event": v1.events.retrieve_async,
            "checkout.session": v1.checkout.sessions.retrieve_async,
            "charge": v1.charges.retrieve_async,
            "refund": v1.refunds.retrieve_async,
            "dispute": v1.disputes.retrieve_async,
        }
        reader = readers.get(kind)
        return None if reader is None else await self._ask(partial(reader, id_))

    async def endpoints(self) -> list[dict[str, Any]]:
        """The webhook endpoints of the account."""
        listed = self._client.v1.webhook_endpoints.list_async
        return [row async for row in self._pages(listed, {})]

    async def undelivered(self, since: int) -> tuple[int, str | None]:
        """The number of undelivered events since a time in ms (to 100), and Stripe's `Date`."""
        query: Any = {"created": {"gte": since // 1000}, "delivery_success": False, "limit": PAGE}
        try:
            page: Any = await self._client.v1.events.list_async(query)
            headers = page.last_response.headers if page.last_response else {}
            return len(page.data), headers.get("date")
        except self._errors.StripeError as error:
            raise self._failure(error) from error
        except MALFORMED_ANSWER as error:
            raise _malformed() from error

    async def paid(self, payment: str) -> Paid | None:
        """The amount of a payment (`pi_…` or `cs_…`); None if Stripe does not know it."""
        if payment.startswith("cs_"):
            retrieve = self._client.v1.checkout.sessions.retrieve_async
            rows = [await self._ask(lambda: retrieve(payment))]
        else:
            listed = self._client.v1.checkout.sessions.list_async
            rows = (await self._ask(partial(listed, {"payment_intent": payment}))).get("data", [])
        if not rows:
            return None
        charges: list[dict[str, Any]] = []
        intent = id_of(rows[0].get("payment_intent"))
        if intent is not None:
            charged = self._client.v1.charges.list_async
            charges = (await self._ask(partial(charged, {"payment_intent": intent}))).get(
                "data", []
            )
        return paid_of(rows[0], charges)

    async def refund(self, payment: str, key: str, amount: int | None = None) -> Refund:
        """Refunds a payment (`pi_…`, or the session `cs_…`): in full, or this amount of it.

        An amount that was refunded before is not refunded again.
        """
        if payment.startswith("cs_"):
            payment = (await self.session(payment)).intent or payment
        request: Any = {"payment_intent": payment}
        if amount is not None:
            request["amount"] = amount
        refund = await self._ask(
            lambda: self._client.v1.refunds.create_async(request, {"idempotency_key": key})
        )
        refund_id, status = id_of(refund), refund.get("status")
        if refund_id is None or status not in (*GIVEN_BACK, *LOST):
            raise _malformed()
        given = refund.get("amount")
        return Refund(refund_id, status in GIVEN_BACK, given if isinstance(given, int) else None)

    async def _pages(
        self, listed: Callable[..., Awaitable[Any]], query: dict[str, Any]
    ) -> AsyncIterator[dict[str, Any]]:
        after: dict[str, Any] = {}
        while True:
            page = await self._ask(partial(listed, {**query, **after, "limit": PAGE}))
            try:
                rows = list(page["data"])
                after = {"starting_after": rows[-1]["id"]} if rows else {}
            except MALFORMED_ANSWER as error:
                raise _malformed() from error
            for row in rows:
                yield row
            if not page.get("has_more") or not rows:
                return

    async def _ask(self, call: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = (await call()).to_dict()
        except self._errors.StripeError as error:
            raise self._failure(error) from error
        except MALFORMED_ANSWER as error:
            raise _malformed() from error
        return answer

    def _failure(self, error: Any) -> PaymentError:
        # Stripe's message may repeat data of the request; the type and the code do not.
        name = f"{type(error).__name__} {error.code or ''}".strip()
        if isinstance(error, self._errors.APIConnectionError):
            if type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout"):
                return PaymentRefused("Stripe cannot be reached.", reached=False)
            return PaymentUnknown(f"Stripe did not answer: {name}.")
        status = error.http_status or 0
        if isinstance(error, self._errors.IdempotencyError) or status == 409:
            return PaymentUnknown(f"Stripe is still working on this request: {name}.")
        if status == 429:
            return PaymentUnknown(f"Stripe limits the rate of requests: {name}.")
        if 400 <= status < 500:
            return PaymentRefused(
                f"Stripe refused the request: {name}.", missing=status == 404, code=error.code or ""
            )
        return PaymentUnknown(f"Stripe failed: {name}.")


def session_of(row: dict[str, Any]) -> PaymentSession:
    """The fields we use of a session object. Raises PaymentUnknown if it is malformed."""
    try:
        metadata = row.get("metadata") or {}
        named = metadata.get("reservationId")
        reference = None if row.get("payment_link") else row.get("client_reference_id")
        number = str(metadata.get("checkout", ""))
        id_, amount = id_of(row), row.get("amount_subtotal")
        if id_ is None:
            raise _malformed()
        return PaymentSession(
            id=id_,
            url=row.get("url"),
            status=row["status"] or "open",
            payment_status=row["payment_status"],
            created_at=int(row["created"]) * 1000,
            expires_at=int(row["expires_at"]) * 1000,
            reservation_id=named or reference,
            ours=bool(named),
            number=int(number) if number.isascii() and number.isdigit() else None,
            intent=id_of(row.get("payment_intent")),
            subtotal=amount if isinstance(amount, int) else None,
            currency=str(row.get("currency") or "").lower()[:10],
            money={name: row[name] for name in MONEY if name in row},
            buyer={name: row[name] for name in FIELDS if name in row},
        )
    except MALFORMED_ANSWER as error:
        raise _malformed() from error


def paid_of(session: dict[str, Any], charges: list[dict[str, Any]]) -> Paid:
    """The payment of a session and its charges. Raises PaymentUnknown if they are malformed."""
    try:
        details = session.get("customer_details") or {}
        paid = [row for row in charges if row["paid"]]
        return Paid(
            amount=int(session["amount_total"]),
            refunded=sum(int(row["amount_refunded"]) for row in paid),
            currency=str(session["currency"]),
            buyer=details.get("email") or session.get("customer_email"),
            at=1000 * max([int(session["created"]), *(int(row["created"]) for row in paid)]),
        )
    except MALFORMED_ANSWER as error:
        raise _malformed() from error


def _malformed() -> PaymentUnknown:
    return PaymentUnknown("Stripe sent a malformed answer.")


def id_of(value: Any) -> str | None:
    """The id of an object that Stripe sends as an id, or expanded as a whole object."""
    id_ = value.get("id") if isinstance(value, dict) else value
    return id_ if isinstance(id_, str) and id_ else None
