"""The shop's pages: plain files for any static host, served by the service as well."""

import html
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = Path(__file__).parent
MODULE = FOLDER / "fancymonkey.js"
"""The drop-in script, which other sites load as `/v1/fancymonkey.js`."""

_META = '<meta name="fancymonkey-api" content="">'


def files() -> Iterator[Path]:
    """Every file of the storefront."""
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in (".html", ".css", ".js", ".svg"):
            yield path


def policy(api: str) -> str:
    """The Content-Security-Policy of the pages on a host of their own, with the service at `api`.

    It has only directives that work in a page: `frame-ancestors` needs a header of the host.
    """
    parts = urlsplit(api)
    place = f"{parts.scheme}://{parts.netloc}"
    live = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; "
        f"connect-src {place} {live}; base-uri 'none'; form-action 'none'"
    )


def for_host(path: Path, api: str) -> bytes:
    """A file for a static host; pages get the address of the service."""
    if path.suffix != ".html":
        return path.read_bytes()
    meta = (
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy(api))}">\n'
        f'  <meta name="fancymonkey-api" content="{html.escape(api)}">'
    )
    return path.read_text("utf-8").replace(_META, meta, 1).encode()
