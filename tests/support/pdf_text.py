"""Reads the text and the bar codes of a PDF file that reportlab wrote, without that library."""

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\s(.*?)\nendobj", re.S)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.S)
_FONT = re.compile(rb"/(F\d+(?:\+\d+)?) (\d+) 0 R")
_CHAR = re.compile(rb"<([0-9A-Fa-f]{2})> <([0-9A-Fa-f]+)>")
_RANGE = re.compile(rb"<([0-9A-Fa-f]{2})> <([0-9A-Fa-f]{2})> (?:<([0-9A-Fa-f]+)>|\[([^\]]*)\])")
_TOKEN = re.compile(
    rb"/(F\d+(?:\+\d+)?) [\d.]+ Tf|\((?:\\.|[^\\()])*\) Tj|[\d.-]+ [\d.-]+ [\d.-]+ [\d.-]+ re", re.S
)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.S)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}

# The widths of bars and gaps of each symbol of Code 128, as the standard lists them.
CODE_128 = re.findall(
    r"\d+",
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 "
    "122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 "
    "321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 "
    "211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 "
    "213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 "
    "121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 "
    "241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 "
    "412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 "
    "211214 211232 2331112",
)
START_A, START_B, START_C, STOP = 103, 104, 105, 106


@dataclass
class PdfPage:
    """The lines of text of a page, in the order of drawing, and the content of its bar codes."""

    lines: list[str] = field(default_factory=list)
    bar_codes: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)


def pdf_pages(body: bytes) -> list[PdfPage]:
    """The pages of a file. Raises ValueError if it is not a complete PDF file."""
    if not body.startswith(b"%PDF-1.") or not body.rstrip().endswith(b"%%EOF"):
        raise ValueError("not a PDF file")
    objects = {int(number): content for number, content in _OBJECT.findall(body)}
    fonts = _fonts(objects)
    kids = next(content for content in objects.values() if b"/Kids" in content)
    ids = re.findall(rb"(\d+) 0 R", kids[kids.index(b"/Kids") : kids.index(b"]")])
    return [_page(objects, fonts, objects[int(id_)]) for id_ in ids]


def _fonts(objects: dict[int, bytes]) -> dict[bytes, dict[int, str]]:
    """The character of each code of a font, by its name."""
    fonts: dict[bytes, dict[int, str]] = {}
    for content in objects.values():
        for name, number in _FONT.findall(content):
            reference = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(number)])
            if reference is not None:
                fonts[name] = dict(_characters(_stream(objects[int(reference[1])])))
    return fonts


def _characters(mapping: bytes) -> Iterator[tuple[int, str]]:
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", mapping, re.S):
        for code, text in _CHAR.findall(block):
            yield int(code, 16), bytes.fromhex(text.decode()).decode("utf-16-be")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", mapping, re.S):
        for first, last, start, listed in _RANGE.findall(block):
            texts = re.findall(rb"<([0-9A-Fa-f]+)>", listed)
            for place, code in enumerate(range(int(first, 16), int(last, 16) + 1)):
                if texts:
                    yield code, bytes.fromhex(texts[place].decode()).decode("utf-16-be")
                else:
                    yield code, chr(int(start, 16) + place)


def _stream(content: bytes) -> bytes:
    match = _STREAM.search(content)
    assert match is not None
    data = match[1]
    if b"/ASCII85Decode" in content:
        data = base64.a85decode(data.strip().removesuffix(b"~>"))
    return zlib.decompressobj().decompress(data) if b"/FlateDecode" in content else data


def _page(objects: dict[int, bytes], fonts: dict[bytes, dict[int, str]], page: bytes) -> PdfPage:
    reference = re.search(rb"/Contents (\d+) 0 R", page)
    assert reference is not None
    result = PdfPage()
    font: dict[int, str] = {}
    bars: list[tuple[float, float]] = []
    for match in _TOKEN.finditer(_stream(objects[int(reference[1])])):
        token = match[0]
        if match[1] is not None:
            font = fonts.get(match[1], {})
        elif token.endswith(b"Tj"):
            codes = _ESCAPE.sub(_unescaped, token[1 : token.rindex(b")")])
            result.lines.append("".join(font[code] for code in codes))
        else:
            x, _, width, height = map(float, token.split()[:4])
            if height > 3 * width:
                bars.append((x, width))
    if bars:
        result.bar_codes.append(code_128(bars))
    return result


def _unescaped(match: re.Match[bytes]) -> bytes:
    text = match[1]
    return bytes([int(text, 8)]) if text.isdigit() else _LETTERS.get(text, text)


def code_128(bars: list[tuple[float, float]]) -> str:
    """The text of one bar code, from the places and widths of its bars. Raises ValueError."""
    bars = sorted(bars)
    unit = min(width for _, width in bars)
    edges = [edge for x, width in bars for edge in (x, x + width)]
    widths = "".join(str(round((right - left) / unit)) for left, right in pairwise(edges))
    symbols = [CODE_128.index(widths[at : at + 6]) for at in range(0, len(widths) - 7, 6)]
    symbols.append(CODE_128.index(widths[-7:]))
    *content, check, stop = symbols
    start, values = content[0], content[1:]
    total = start + sum(place * value for place, value in enumerate(values, 1))
    if stop != STOP or total % 103 != check or start not in (START_A, START_B, START_C):
        raise ValueError("not a bar code of Code 128")
    text, numeric = "", start == START_C
    for value in values:
        if not numeric and value == 99:
            numeric = True
        elif numeric and value in (100, 101):
            numeric = False
        elif numeric:
            text += f"{value:02}"
        else:
            text += chr(value + 32)
    return text
