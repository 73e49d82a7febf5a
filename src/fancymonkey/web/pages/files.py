"""Pages and static files, with headers that allow no foreign and no inline content."""

from collections.abc import Mapping
from contextlib import suppress
from email.utils import formatdate
from functools import cache
from mimetypes import guess_type
from os import stat_result
from pathlib import Path
from stat import S_ISREG

from fastapi import APIRouter
from fastapi import Request as StarletteRequest
from fastapi import Response as StarletteResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import Scope

from fancymonkey import storefront
from fancymonkey.web.routing.access import public
from fancymonkey.web.routing.authorized_route import AuthorizedRoute

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
PAGE = {**HEADERS, "Cache-Control": "no-cache"}
PICTURES = CSP.replace("img-src 'self' data:", "img-src 'self' data: https:")
"""For pages that show the owner's pictures from any host."""

DROP_IN = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""The drop-in script is for every site; a new version reaches them within an hour."""


DEEPEST = 4
"""Folders around a file of ours. The file system looks up each folder of a path."""
LONGEST = 500


class Assets(StaticFiles):
    """Our own files, revalidated on every use, and kept in memory until they change.

    A page of the dashboard has dozens of files. To open and read each one in threads, as Starlette
    does, takes twice the CPU time of everything else for its answer.
    """

    def __init__(
        self,
        directory: Path,
        headers: Mapping[str, str] = PAGE,
        *,
        html: bool = False,
        pictured: str = "",
        more: Path | None = None,
    ) -> None:
        """`pictured` is the page that may show pictures of other hosts.

        Files that are not in the directory are looked up in `more`.
        """
        super().__init__(directory=directory, html=html)
        if more is not None:
            self.all_directories.append(more)
        self._headers = headers
        self._pictured = pictured
        self._bodies: dict[str, tuple[tuple[int, int], bytes]] = {}

    def get_path(self, scope: Scope) -> str:
        """The path below the directory. Raises HTTPException if no file of ours has a similar one.

        A path of 4,000 folders would take 48 ms of the event loop.
        """
        path, root = scope["path"], scope.get("root_path", "")
        if len(path) - len(root) > LONGEST or path.count("/") - root.count("/") > DEEPEST + 1:
            raise HTTPException(404)
        return super().get_path(scope)

    async def get_response(self, path: str, scope: Scope) -> StarletteResponse:
        """A whole file from memory; everything else as Starlette does it."""
        full_path, status = "", None
        if scope["method"] == "GET" and "range" not in Headers(scope=scope):
            with suppress(OSError, ValueError):  # Starlette has an answer for each of them
                full_path, status = self.lookup_path(path)
        if status is None or not S_ISREG(status.st_mode):
            return await super().get_response(path, scope)
        response = self.file_response(full_path, status, scope)
        if not isinstance(response, FileResponse):
            return response
        from_memory = StarletteResponse(self._body(full_path, status))
        from_memory.raw_headers = response.raw_headers
        return from_memory

    def _body(self, full_path: str, status: stat_result) -> bytes:
        """The content of a file. Its version must be the one of its headers."""
        version = (status.st_mtime_ns, status.st_size)
        seen, body = self._bodies.get(full_path, (None, b""))
        if seen != version:
            body = Path(full_path).read_bytes()
            self._bodies[full_path] = (version, body)
        return body

    def file_response(
        self, full_path: PathLike, stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> StarletteResponse:
        """A file with our headers, or 304."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(self.headers_of(str(full_path)))
        return response

    def headers_of(self, path: str) -> dict[str, str]:
        """The headers of our own for a file."""
        if self._pictured and Path(path).name == self._pictured:
            return {**self._headers, "Content-Security-Policy": PICTURES}
        return dict(self._headers)


_TESTS = StaticFiles(directory=STATIC)
"""Compares ETags and dates."""


class Page:
    """A file kept in memory until it changes: the shop pages are requested most."""

    def __init__(self, file: Path, headers: Mapping[str, str]) -> None:
        self._file = file
        self._headers = dict(headers)
        self._type = guess_type(file.name)[0] or "text/plain"
        self._seen: tuple[int, int] | None = None
        self._body = b""

    def response(self, request: StarletteRequest) -> StarletteResponse:
        """The page, or 304."""
        status = self._file.stat()
        if self._seen != (status.st_mtime_ns, status.st_size):
            self._body = self._file.read_bytes()
            self._seen = (status.st_mtime_ns, status.st_size)
        tag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        modified = formatdate(status.st_mtime, usegmt=True)
        headers = {**self._headers, "ETag": tag, "Last-Modified": modified}
        if _TESTS.is_not_modified(Headers(headers), request.headers):
            response = NotModifiedResponse(Headers(headers))
            # A browser replaces the headers of its stored page with those of a 304.
            response.headers.update(self._headers)
            return response
        return StarletteResponse(self._body, 200, headers, self._type)


@cache
def router() -> APIRouter:
    """The pages, each with a path of its own: no other file of their folders is served.

    The first call builds the routes; every app of this process serves the same ones.
    """
    routes = APIRouter(include_in_schema=False, route_class=AuthorizedRoute)

    def serve(path: str, file: Path, headers: Mapping[str, str] = PAGE) -> None:
        page = Page(file, headers)

        @routes.get(path, dependencies=[public()])
        async def send(request: StarletteRequest) -> StarletteResponse:
            return page.response(request)

    serve("/", storefront.FOLDER / "index.html", {**PAGE, "Content-Security-Policy": PICTURES})
    for file in storefront.files():
        serve(f"/{file.name}", file)
    serve("/v1/fancymonkey.js", storefront.MODULE, DROP_IN)
    serve("/docs", PAGES / "docs.html")
    return routes
