"""The documentation as data: its pages, their headings and links, their blocks of code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_SOURCE = re.compile(r"<(?:img|source)\b[^>]*?\bsrc(?:set)?=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block: the words after the fence, its text, and the line where it begins."""

    words: tuple[str, ...]
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """Its path from the top of the project."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def prose(self) -> str:
        """Its text without fenced blocks."""
        return _FENCE.sub("", self.text)

    @cached_property
    def blocks(self) -> list[Block]:
        """Its fenced blocks, in order."""
        return [
            Block(tuple(match[1].split()), match[2], self.text.count("\n", 0, match.start()) + 1)
            for match in _FENCE.finditer(self.text)
        ]

    @property
    def links(self) -> list[str]:
        """Every target of a link or an image."""
        return [*_LINK.findall(self.prose), *_SOURCE.findall(self.prose)]

    @cached_property
    def anchors(self) -> set[str]:
        """The possible anchors of links, as GitHub makes them from the headings."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}

    @cached_property
    def codes(self) -> set[str]:
        """Everything between backticks in its prose."""
        return set(_CODE.findall(self.prose))

    def section(self, heading: str) -> str:
        """The text under a heading, up to the next one of the same or a higher level."""
        start = re.search(rf"^(#+) +{re.escape(heading)} *$", self.text, re.MULTILINE)
        assert start is not None, f"{self.name} has no heading {heading!r}"
        end = re.compile(rf"^#{{1,{len(start[1])}}} ", re.MULTILINE).search(self.text, start.end())
        return self.text[start.end() : end.start() if end else None]


def _anchor(heading: str) -> str:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def read(name: str) -> Page:
    """A page by its path from the top of the project."""
    path = ROOT / name
    return Page(path, path.read_text(encoding="utf-8"))


def pages() -> Iterator[Page]:
    """Every page of the documentation."""
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]:
        yield read(path.relative_to(ROOT).as_posix())
