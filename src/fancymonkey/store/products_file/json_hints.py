"""Names the frequent mistakes in JSON that people write by hand, at the place of an error."""

import re

_CONFLICT = re.compile(r"<{7}|={7}|>{7}|\|{7}")
_WORD = re.compile(r"[A-Za-z_]+")
_CONSTANTS = {"true": "true", "false": "false", "none": "null", "null": "null", "nil": "null"}
_QUOTES = "'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"


def hint(text: str, at: int) -> str:
    """The likely cause of an error of the syntax, behind a semicolon; empty if it is not clear."""
    words = _whole_file(text) or _here(text[at : at + 40], text[:at].rstrip())
    return f"; {words}" if words else ""


def _whole_file(text: str) -> str:
    if not text.strip(" \t\r\n\ufeff"):
        return "the file is empty"
    if "\0" in text[:4]:
        return "the file may be UTF-16: save it as UTF-8"
    return ""


def _here(rest: str, before: str) -> str:
    if _CONFLICT.match(rest):
        return "this is a mark of a merge conflict: keep one of the versions, and delete the marks"
    if rest.startswith(("//", "/*", "#")):
        return "JSON has no comments: delete it"
    if rest[:1] in ("]", "}") and before.endswith(","):
        return f"delete the comma before the {rest[0]}"
    if rest[:1] and rest[0] in _QUOTES:
        return 'write plain double quotes: "'
    if re.search(r"[0-9],$", before) and re.match("[0-9]", rest):
        return "a number has a point for its decimals, and no separators of thousands"
    if re.match(r"[+.][0-9]", rest) or (re.search(r"[:,\[]\s*-?0$", before) and rest[:1].isdigit()):
        return "a number begins with a digit, has a point for its decimals, and no zeros in front"
    if rest[:1] == '"' and re.search(r"""["\]}0-9a-z]$""", before):
        return "probably a comma is missing before it"
    if match := _WORD.match(rest):
        if constant := _CONSTANTS.get(match[0].lower()):
            return f"write {constant}"
        if re.match(r"\s*:", rest[match.end() :]):
            return f'write "{match[0]}"'
    return ""
