"""Responses with a file to save."""

from typing import Any

from starlette.responses import Response

FORMAT = "`json` (the default), or `csv`: a file of up to 50,000 entries"
BINARY = {"schema": {"type": "string", "format": "binary"}}


def file_response(body: bytes, media_type: str, name: str) -> Response:
    """A downloadable file, which is not stored."""
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, 200, headers)


def files_of(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that returns a file of these types."""
    return {200: {"content": dict.fromkeys(media_types, BINARY)}}


def also_csv() -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that returns its rows also as a CSV file."""
    return files_of("text/csv")
