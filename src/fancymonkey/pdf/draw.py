"""Draws laid-out pages into a PDF file with reportlab and the font beside this file."""

import io
import threading
from functools import cache
from pathlib import Path
from typing import Any

from reportlab import rl_config
from reportlab.graphics.barcode.code128 import Code128
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from fancymonkey.pdf.layout import MARGIN, BarCode, Box, Layout, PrintedPage, RuleLine, Text

FONT = "DejaVuSansCondensed"
FILE = Path(__file__).parent / "font" / f"{FONT}.ttf"
rl_config.useA85 = 0  # binary streams: a fifth smaller, and written faster
BAR = 1.0
"""The width of the narrowest bar, in points."""

_ONE = threading.Lock()
"""The library registers fonts for the whole process."""


@cache
def _font() -> Any:
    """The font, read once."""
    from reportlab.pdfbase import pdfmetrics

    font = TTFont(FONT, str(FILE))
    pdfmetrics.registerFont(font)
    return font


def glyphs() -> dict[int, int]:
    """The glyph of each code point of the font."""
    with _ONE:
        mapping: dict[int, int] = _font().face.charToGlyph
    return mapping


def measure(text: str, size: float) -> float:
    """The width of a text at a font size, in points."""
    width: float = _font().stringWidth(text, size)
    return width


def draw(layout: Layout, title: str) -> bytes:
    """The pages as a PDF file. The same pages make the same bytes."""
    with _ONE:
        _font()
        file = io.BytesIO()
        canvas = Canvas(file, pagesize=(layout.width, layout.height), invariant=1)
        canvas.setTitle(title)
        canvas.setCreator("Fancy Monkey Inventory")
        numbers: dict[int, int] = {}
        counts: dict[int, int] = {}
        for page in layout.pages:
            counts[page.document] = counts.get(page.document, 0) + 1
        for page in layout.pages:
            number = numbers[page.document] = numbers.get(page.document, 0) + 1
            _draw_page(canvas, layout, page, f"Page {number} of {counts[page.document]}")
            canvas.showPage()
        canvas.save()
        return file.getvalue()


def _draw_page(canvas: Any, layout: Layout, page: PrintedPage, number: str) -> None:
    for mark in page.marks:
        match mark:
            case Text():
                _draw_text(canvas, mark, layout.height)
            case RuleLine(y, width):
                canvas.setLineWidth(width)
                canvas.line(MARGIN, layout.height - y, layout.width - MARGIN, layout.height - y)
            case Box(x, y, side):
                canvas.setLineWidth(0.8)
                canvas.rect(x, layout.height - y, side, side)
            case BarCode(right, y, height, content):
                bars = Code128(content, barHeight=height, barWidth=BAR)
                bars.drawOn(canvas, right - bars.width, layout.height - y - height)
    foot = MARGIN / 2
    canvas.setFont(FONT, 8)
    canvas.drawRightString(layout.width - MARGIN, foot, number)
    note = layout.notes.get(page.document)
    if note is not None:
        lines = layout.wrapped(note, 8, layout.inner * 0.85)
        for line, text in enumerate(reversed(lines)):
            canvas.drawString(MARGIN, foot + line * 10, text)


def _draw_text(canvas: Any, mark: Text, height: float) -> None:
    text = canvas.beginText(mark.x, height - mark.y)
    text.setFont(FONT, mark.size)
    if mark.bold:  # the same letters with a thin outline: one font is enough
        canvas.setLineWidth(mark.size / 30)
        text.setTextRenderMode(2)
    text.textOut(mark.text)
    if mark.bold:
        text.setTextRenderMode(0)
    canvas.drawText(text)
