"""Pages for people, under headers that let nothing in from elsewhere and nothing inline."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
PAGES = Path(__file__).parent / "templates"

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Assets(StaticFiles):
    """Our own scripts and styles, under the same headers as the pages."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """A file, to be asked for again whether it has changed."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update({**HEADERS, "Cache-Control": "no-cache"})
        return response


def page(name: str) -> FileResponse:
    """A page from the templates."""
    return FileResponse(
        PAGES / name, media_type="text/html", headers={**HEADERS, "Cache-Control": "no-cache"}
    )


def router() -> APIRouter:
    """The pages."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def home() -> Response:
        return RedirectResponse("/docs", 307)

    @routes.get("/docs")
    async def docs() -> Response:
        return page("docs.html")

    return routes


def mount(app: FastAPI) -> None:
    """Serves the static files."""
    app.mount("/static", Assets(directory=STATIC), name="static")
