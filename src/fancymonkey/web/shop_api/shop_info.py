"""What a shop's page has to know before anything is bought."""

from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Request, Response, ok
from fancymonkey.web.http.wire import encode


async def about(context: AppContext, request: Request) -> Response:
    """Whether this is a demo, whether it takes payments, and in which currency its prices are."""
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
