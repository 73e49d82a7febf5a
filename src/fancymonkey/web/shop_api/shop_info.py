"""The settings that a shop page needs."""

from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Request, Response, ok
from fancymonkey.web.http.wire import encode


async def about(context: AppContext, request: Request) -> Response:
    """Returns whether this is a demo, whether it takes payments, and the currency of its prices."""
    settings = context.settings
    return ok(
        encode(
            {
                "success": True,
                "demo": settings.server.demo,
                "checkout": context.checkouts is not None,
                "currency": settings.payments.currency,
            }
        )
    )
