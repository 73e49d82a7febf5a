"""Draws docs/images/packages.svg: the packages of src/fancymonkey by their layers.

    .venv/bin/python -m scripts.package_picture

Names and folders are read from the source tree, layers from the architecture test. A test fails
while the picture differs from the output of this script.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from tests.architecture.test_imports import LAYERS, LEAVES

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "fancymonkey"
PICTURE = ROOT / "docs" / "images" / "packages.svg"

ABOUT = {
    "__main__": "python -m fancymonkey",
    "accounts": "users and audit log",
    "alerts": "outbox, webhooks",
    "asgi": "service for other hosts",
    "backup": "backup and restore",
    "cli": "finds the command",
    "commands": "one file a command",
    "core": "rules and ledger: pure, no clock, no I/O",
    "dashboard": "the owner's pages",
    "doctor": "finds problems of a shop",
    "engine": "batches, live view, expiry",
    "errors": "errors for operators",
    "examples": "sample catalogue",
    "fake_stripe": "Stripe for demos",
    "free_memory": "free memory",
    "gc_tuning": "garbage collector",
    "jobs": "scheduled work",
    "log_format": "text or JSON",
    "payments": "Stripe checkout",
    "pdf": "pick lists, slips",
    "services": "use cases: import, undo",
    "settings": "declared, read, checked",
    "spelling": "distance of names",
    "spreadsheets": "CSV and XLSX",
    "store": "durability: four stores behind one contract",
    "storefront": "the shop's pages",
    "text": "plurals and lists",
    "timestamps": "ISO 8601",
    "web": "HTTP, WebSocket, pages",
}
"""The purpose of each package, in a few words."""

FILES_ONLY = {"dashboard": LAYERS["storefront"]}
"""Folders without Python, and the floor on which they are drawn."""

WIDTH, LEFT, SIDE, EDGE, GAP, ACROSS = 940, 48, 716, 24, 10, 4
LINE = 17
CHARACTERS = 6.4
"""The width of a character of small text, in pixels."""

STYLE = """
    .ground { fill: #f7f8f7 } .card { fill: #ffffff; stroke: #d5dcd8 }
    .core { fill: #dff3ea; stroke: #0b6b4b } .line { stroke: #55645c; fill: none }
    .tip { fill: #55645c }
    text { font: 400 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #16211c }
    .muted { fill: #55645c } .word { font-weight: 600; font-size: 14px } .ink { fill: #0b6b4b }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0e1512 } .card { fill: #151e1a; stroke: #2b3832 }
      .core { fill: #10352a; stroke: #43c797 } .line { stroke: #9db0a6 } .tip { fill: #9db0a6 }
      text { fill: #e8efeb } .muted { fill: #9db0a6 } .ink { fill: #6fdcb1 }
    }"""


def packages() -> set[str]:
    """Every folder and file of the source tree that counts as a package."""
    names = set()
    for path in SOURCE.iterdir():
        if path.is_dir() and any(file.suffix != ".pyc" for file in path.rglob("*.*")):
            names.add(path.name)
        elif path.suffix == ".py" and path.stem != "__init__":
            names.add(path.stem)
    return names - {"__pycache__"}


def folders(package: str) -> list[str]:
    """The packages inside a package."""
    folders = (SOURCE / package).glob("*/__init__.py")
    return sorted(path.parent.name for path in folders)


def floors() -> list[list[str]]:
    """The packages of each floor, the highest floor first."""
    places = {**LAYERS, **FILES_ONLY}
    return [
        sorted(name for name, floor in places.items() if floor == number)
        for number in sorted(set(places.values()), reverse=True)
    ]


def wrapped(words: list[str], width: float) -> list[str]:
    """The words as lines that fit into a width."""
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} · {word}" if lines else word
        if lines and len(longer) * CHARACTERS <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def box(name: str, x: int, y: int, width: int) -> tuple[int, list[str]]:
    """The height of a package's box, and its drawing. Raises ValueError if it is too narrow."""
    if len(ABOUT[name]) * CHARACTERS > width - 20:
        raise ValueError(f"{ABOUT[name]!r} does not fit into the box of {name}")
    inside = wrapped(folders(name), width - 24)
    texts = [(name, "word"), (ABOUT[name], ""), *((line, "muted") for line in inside)]
    height = 16 + LINE * len(texts)
    kind = "core" if name == "core" else "card"
    parts = [f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>']
    for number, (text, style) in enumerate(texts):
        ink = f"{style} ink" if kind == "core" and style == "word" else style
        place = f'class="{ink}" x="{x + 12}" y="{y + 20 + LINE * number}"'
        parts.append(f"<text {place}>{escape(text, quote=False)}</text>")
    return height, parts


def rows() -> Iterator[list[str]]:
    """The packages of each floor in rows that fit."""
    for floor in floors():
        for start in range(0, len(floor), ACROSS):
            yield floor[start : start + ACROSS]


def picture() -> str:
    """The whole picture as SVG."""
    parts: list[str] = []
    y = 52
    for row in rows():
        width = (SIDE - LEFT - GAP * (len(row) - 1)) // len(row)
        heights = []
        for number, name in enumerate(row):
            height, drawing = box(name, LEFT + number * (width + GAP), y, width)
            heights.append(height)
            parts += drawing
        y += max(heights) + GAP
    side = 52
    for name in sorted(LEAVES):
        height, drawing = box(name, SIDE + EDGE, side, WIDTH - SIDE - 2 * EDGE)
        parts += drawing
        side += height + GAP
    bottom = y - GAP
    arrow = f'<path class="line" d="M{EDGE} 52V{bottom}" marker-end="url(#tip)"/>'
    drawn = (f"  {part}" for part in [*parts, arrow])
    return "\n".join([*_head(y + EDGE - GAP), *drawn, "</svg>\n"])


def _head(height: int) -> list[str]:
    names = "; ".join(", ".join(floor) for floor in floors())
    leaves = ", ".join(sorted(LEAVES))
    size = f'viewBox="0 0 {WIDTH} {height}"'
    labels = 'role="img" aria-labelledby="title desc"'
    floor_names = f"Imports point only downward. From the top: {names}."
    path = '<path class="tip" d="M0 0 8 4 0 8z"/>'
    tip = 'id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {labels}>',
        '  <title id="title">The packages of fancymonkey on their floors</title>',
        f'  <desc id="desc">{floor_names} For all above the core: {leaves}.</desc>',
        "  <!-- Drawn by scripts/package_picture.py from the source tree. -->",
        f"  <style>{STYLE}\n  </style>",
        f'  <defs><marker {tip} orient="auto">{path}</marker></defs>',
        f'  <rect class="ground" width="{WIDTH}" height="{height}" rx="10"/>',
        f'  <text class="muted" x="{LEFT}" y="34">Imports point only downward</text>',
        f'  <text class="muted" x="{SIDE + EDGE}" y="34">For all above the core</text>',
    ]


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
