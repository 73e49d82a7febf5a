"""Files whose URLs have a version: a browser requests each of them once, until one changes.

A page refers to scripts and styles with `?v=` and the version of all files. Scripts import one
another with the version of the page, so that a module is loaded once. During an upgrade a page of
another version gets the files of this server, and keeps none of them.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from mimetypes import guess_type
from os import stat_result
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi import Response as StarletteResponse
from starlette.datastructures import Headers
from starlette.staticfiles import NotModifiedResponse, PathLike
from starlette.types import Scope

from fancymonkey.web.pages.files import STATIC, Assets

DASHBOARD = Path(__file__).parents[2] / "dashboard"
REFERENCE = re.compile(rb'"(/(?:admin/(?:[\w-]+/)+|static/)[\w.-]+\.(?:js|css|svg))"')
"""A quoted URL of a script, of a style sheet or of the icon."""

REQUESTED = re.compile(rb"(?:^|&)v=([0-9a-f]{16})(?:&|$)")
KEEP = "private, max-age=31536000, immutable"
TEXTS = (".html", ".js", ".css", ".svg")

Stamp = tuple[int, int]


class Version:
    """The version of all files in some folders: a hash of their names and contents."""

    def __init__(self, *folders: Path) -> None:
        self._folders = [os.path.realpath(folder) for folder in folders]
        self._stamps: dict[str, Stamp] = {}
        self._value = ""

    def current(self) -> str:
        """The version of the files as they are now. Reads them only after a change.

        While files are replaced it is the version before, or an empty text.
        """
        with suppress(OSError):
            stamps = {path: _stamp(status) for path, status in _files(self._folders)}
            if stamps != self._stamps:
                self._value, self._stamps = self._hash(sorted(stamps)), stamps
        return self._value

    def _hash(self, paths: list[str]) -> str:
        content = blake2b(digest_size=8)
        for path in paths:
            name = next(path.removeprefix(it) for it in self._folders if path.startswith(it))
            content.update(f"{name}\n".encode() + blake2b(Path(path).read_bytes()).digest())
        return content.hexdigest()

    def includes(self, value: str, path: str, status: stat_result) -> bool:
        """Whether the file belongs to this version as it is now."""
        stamp = _stamp(status)
        if self._stamps.get(path) != stamp:
            self.current()
        return value == self._value and self._stamps.get(path) == stamp


def _stamp(status: stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_size


def _files(folders: list[str]) -> Iterator[tuple[str, stat_result]]:
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield from _files([entry.path])
                else:
                    yield entry.path, entry.stat()


VERSION = Version(STATIC, DASHBOARD)
"""The version of the dashboard: one for all apps of this process."""


class VersionedAssets(Assets):
    """Assets that browsers keep for a year if they are requested with the current version."""

    def __init__(self, directory: Path, version: Version, **options: Any) -> None:
        super().__init__(directory, **options)
        self._version = version
        self._texts: dict[str, tuple[tuple[Stamp, str], bytes]] = {}

    def file_response(
        self, full_path: PathLike, stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> StarletteResponse:
        """A page, or a file that is requested with a version; other files as they are."""
        path = str(full_path)
        is_page = path.endswith(".html")
        version = self._version.current() if is_page else _requested(scope)
        if not version or not path.endswith(TEXTS):
            return super().file_response(full_path, stat_result, scope, status_code)
        headers = self.headers_of(path)
        if not is_page and self._version.includes(version, path, stat_result):
            headers["Cache-Control"] = KEEP
        changed, size = _stamp(stat_result)
        headers["ETag"] = f'"{changed:x}-{size:x}-{version}"'
        if self.is_not_modified(Headers(headers), Headers(scope=scope)):
            not_modified = NotModifiedResponse(Headers(headers))
            not_modified.headers.update(headers)
            return not_modified
        text = self._text(path, stat_result, version)
        headers["Content-Length"] = str(len(text))
        body = b"" if scope["method"] == "HEAD" else text
        return StarletteResponse(body, status_code, headers, guess_type(path)[0])

    def _text(self, path: str, status: stat_result, version: str) -> bytes:
        """The content of a file, in which all references have the version."""
        key = (_stamp(status), version)
        known, text = self._texts.get(path, (None, b""))
        if known != key:
            text = REFERENCE.sub(rb'"\1?v=%s"' % version.encode(), self._body(path, status))
            self._texts[path] = (key, text)
        return text


def _requested(scope: Scope) -> str:
    """The version in a query string, or an empty text."""
    asked = REQUESTED.search(scope.get("query_string", b""))
    return asked[1].decode() if asked else ""


def mount(app: FastAPI) -> None:
    """Serves the static files."""
    app.mount("/static", VersionedAssets(STATIC, VERSION), name="static")
