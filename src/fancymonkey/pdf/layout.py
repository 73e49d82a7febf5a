"""Places texts, tables and bar codes on pages. Pure: it draws nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

MM = 72 / 25.4
"""Points in a millimetre."""

PAPERS = {"a4": (210 * MM, 297 * MM), "letter": (215.9 * MM, 279.4 * MM)}
"""Width and height of the papers, in points."""

MARGIN = 18 * MM
FOOTER = 10 * MM
LEADING = 1.3
GAP = 3 * MM

Measure = Callable[[str, float], float]
"""Returns the width of a text at a font size, in points."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text. `y` is its baseline, in points from the top of the page."""

    x: float
    y: float
    text: str
    size: float
    bold: bool = False


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A horizontal line over the width of the text."""

    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Box:
    """An empty square to tick."""

    x: float
    y: float
    side: float


@dataclass(frozen=True, slots=True)
class BarCode:
    """A bar code whose right and upper edges are at `right` and `y`."""

    right: float
    y: float
    height: float
    content: str


Mark = Text | RuleLine | Box | BarCode


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table. `share` is its part of the width; an empty text is a box to tick."""

    title: str
    share: float
    size: float = 10
    bold: bool = False


@dataclass(slots=True)
class PrintedPage:
    """A page: its marks, and the document that it belongs to."""

    document: int
    marks: list[Mark] = field(default_factory=list)


class Layout:
    """Fills pages from the top. A document begins on a page of its own."""

    def __init__(self, paper: str, measure: Measure) -> None:
        self.width, self.height = PAPERS[paper]
        self.pages: list[PrintedPage] = []
        self.notes: dict[int, str] = {}
        self._measure = measure
        self._y = 0.0
        self._document = -1

    @property
    def inner(self) -> float:
        """The width between the margins."""
        return self.width - 2 * MARGIN

    def begin(self) -> None:
        """Begins a document."""
        self._document += 1
        self._new_page()

    def note(self, text: str) -> None:
        """A note at the foot of every page of this document."""
        self.notes[self._document] = text

    def bar_code(self, content: str, height: float) -> None:
        """A bar code at the right margin, beside the next line."""
        self._put(BarCode(self.width - MARGIN, self._y, height, content))

    def line(self, text: str, size: float = 10, *, bold: bool = False, share: float = 1.0) -> None:
        """A text, in as many lines as it needs in this share of the width."""
        for part in self.wrapped(text, size, self.inner * share):
            self._room(size * LEADING)
            self._y += size * LEADING
            self._put(Text(MARGIN, self._y, part, size, bold))

    def gap(self, height: float = GAP) -> None:
        """Leaves space."""
        self._y += height

    def table(self, columns: Sequence[TableColumn], rows: Sequence[Sequence[str]]) -> None:
        """A table. Each page repeats its head, and a long row continues on the next page."""
        self._head(columns)
        for row in rows:
            cells = [
                self.wrapped(text, column.size, self._width(column))
                for text, column in zip(row, columns, strict=True)
            ]
            leading = max(column.size for column in columns) * LEADING
            lines = max(map(len, cells))
            if self._y + lines * leading + GAP > self._bottom:
                if lines * leading + GAP < self._bottom - 3 * MARGIN:
                    self._new_page()
                    self._head(columns)
            for number in range(max(1, lines)):
                if self._y + leading + GAP > self._bottom:
                    self._new_page()
                    self._head(columns)
                self._y += leading
                self._row_line(columns, cells, number)
            self._y += GAP / 2
            self._put(RuleLine(self._y, 0.3))
            self._y += GAP / 4

    def wrapped(self, text: str, size: float, width: float) -> list[str]:
        """The text in lines of at most this width; a long word is broken."""
        lines: list[str] = []
        line, used = "", 0.0
        space = self._measure(" ", size)
        for word in text.split(" "):
            needed = self._measure(word, size)
            if line and used + space + needed <= width:
                line, used = f"{line} {word}", used + space + needed
                continue
            if line:
                lines.append(line)
            while needed > width:
                count = self._fitting(word, size, width)
                lines.append(word[:count])
                word = word[count:]
                needed = self._measure(word, size)
            line, used = word, needed
        return [*lines, line] if line or not lines else lines

    def _fitting(self, word: str, size: float, width: float) -> int:
        """The number of characters of a word that fit; one at least."""
        low, high = 1, len(word)
        while low < high:
            middle = (low + high + 1) // 2
            if self._measure(word[:middle], size) <= width:
                low = middle
            else:
                high = middle - 1
        return low

    @property
    def _bottom(self) -> float:
        return self.height - MARGIN - FOOTER

    def _room(self, height: float) -> None:
        if self._y + height > self._bottom:
            self._new_page()

    def _new_page(self) -> None:
        self.pages.append(PrintedPage(self._document))
        self._y = MARGIN

    def _put(self, mark: Mark) -> None:
        self.pages[-1].marks.append(mark)

    def _width(self, column: TableColumn) -> float:
        return column.share * self.inner - GAP

    def _head(self, columns: Sequence[TableColumn]) -> None:
        self._room(40)
        self._y += 9 * LEADING
        x = MARGIN
        for column in columns:
            self._put(Text(x, self._y, column.title, 9))
            x += column.share * self.inner
        self._y += GAP / 2
        self._put(RuleLine(self._y, 0.8))
        self._y += GAP / 4

    def _row_line(
        self, columns: Sequence[TableColumn], cells: Sequence[Sequence[str]], number: int
    ) -> None:
        x = MARGIN
        for column, lines in zip(columns, cells, strict=True):
            if not column.title:
                if number == 0:
                    self._put(Box(x, self._y, column.size * 0.8))
            elif number < len(lines):
                self._put(Text(x, self._y, lines[number], column.size, column.bold))
            x += column.share * self.inner
