"""The routes of an app: found by their path, and read by the limits, the document and the tests."""

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.routing import BaseRoute, Match

from fancymonkey.web.http.messages import Receive, Scope, Send


def routes_of(app: Any) -> Iterator[Any]:
    """All routes of an app or a router."""
    return (route for route in app.routes if not isinstance(route, PathIndex))


class PathIndex(BaseRoute):
    """Finds a route without parameters by its path: FastAPI compares all routes one by one.

    It is the first route of the app. The other routes answer requests that it does not find.
    """

    def __init__(self, routes: Iterable[Any]) -> None:
        self._routes = {
            (method, route.path): route
            for route in routes
            for method in methods_of(route)
            if "{" not in route.path
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The route with exactly this path and method."""
        if scope["type"] != "http" or scope.get("root_path"):
            return Match.NONE, {}
        route = self._routes.get((scope["method"], scope["path"]))
        if route is None:
            return Match.NONE, {}
        return Match.FULL, {"endpoint": route.endpoint, "path_params": {}, "route": route}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers by the route that was found."""
        await scope["route"].handle(scope, receive, send)


def methods_of(route: Any) -> set[str]:
    """The methods of a route; none for a mount."""
    return set(getattr(route, "methods", None) or ())


def body_model(route: Any) -> Any:
    """The model of a route's JSON body, or None."""
    body = getattr(getattr(route, "dependant", None), "body_params", None)
    return body[0].field_info.annotation if body else None
