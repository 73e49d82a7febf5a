"""Plurals and lists of words in texts for people."""

from collections.abc import Iterable


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 hold`, `2 holds`, `3 entries`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def joined(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *front, last = words
    return f"{', '.join(front)} and {last}" if front else last
