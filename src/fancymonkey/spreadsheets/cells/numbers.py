"""Numbers as spreadsheets of many countries write them: the possible values of a text."""

import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

LONGEST = 40
"""In characters; a longer text is not a number that a spreadsheet shows."""

MINUS = "\u2212"
"""The minus of Swedish, Norwegian and Slovenian spreadsheets."""
GROUPERS = r"[ '\u2019\u00a0\u2009\u202f]"
CURRENCY = re.compile(
    r"^\s*(?:[$\u20ac\u00a3\u00a5]|[A-Z]{3}\b)\s*|\s*(?:[$\u20ac\u00a3\u00a5]|[A-Z]{3})\s*$"
)
PLAIN = re.compile(r"[0-9]+")
FRACTION = re.compile(r"([0-9]*)[.,]([0-9]+)")
SCIENTIFIC = re.compile(r"([0-9](?:[.,][0-9]+)?)[eE]([+-]?[0-9]{1,3})")
GROUPED = (
    re.compile(r"([1-9][0-9]{0,2}(?:\.[0-9]{3})+)(,[0-9]+)?"),
    re.compile(r"([1-9][0-9]{0,2}(?:,[0-9]{3})+)(\.[0-9]+)?"),
    re.compile(rf"([1-9][0-9]{{0,2}}(?:{GROUPERS}[0-9]{{3}})+)([.,][0-9]+)?"),
)
TWO_WAYS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
NOISE = Decimal("1e-11")
SHOWN_DIGITS = 15
"""The digits of a number that a spreadsheet keeps and shows."""


FIRST_POWER = 9
"""A spreadsheet writes smaller powers of ten in full, by default."""


def is_ambiguous(text: str) -> bool:
    """Whether the separator in a number may be for thousands or for decimals: `1.299`, `1,299`."""
    return TWO_WAYS.fullmatch(text) is not None


def without_groups(text: str) -> str:
    """A number without thousands separators, if they are clear: 1299.50 for `1.299,50`."""
    if is_ambiguous(text) or len(text) > LONGEST:
        return text
    for pattern in GROUPED:
        if match := pattern.fullmatch(text):
            return _ungrouped(match)
    return text


def _ungrouped(match: re.Match[str]) -> str:
    return re.sub("[^0-9]", "", match[1]) + (match[2] or "").replace(",", ".")


def without_noise(text: str) -> str:
    """A result as a spreadsheet shows it: 21.45 for `21.450000000000003`."""
    if not re.fullmatch(r"-?[0-9]{1,15}[.,][0-9]{9,25}", text):
        return text
    value = Decimal(text.replace(",", "."))
    shown = value.quantize(Decimal("1e-6"))
    if abs(value - shown) > NOISE * max(Decimal(1), abs(value)):
        return text
    return format(shown.normalize() + 0, "f")


def meanings(text: str) -> set[Decimal]:
    """All possible numbers of a text; `1.299` has two."""
    text = CURRENCY.sub("", text.replace(MINUS, "-")).strip()
    if not text or len(text) > LONGEST or re.search(r"[^\x20-\x7e\u2019\u00a0\u2009\u202f]", text):
        return set()
    body, percent, _ = text.partition("%")
    body = body.rstrip()
    minus = body.startswith("-")
    body = body.removeprefix("-").removeprefix("+")
    meanings: set[Decimal] = set()
    if PLAIN.fullmatch(body):
        meanings.add(Decimal(body))
    if single := FRACTION.fullmatch(body):
        meanings.add(Decimal(f"{single[1] or 0}.{single[2]}"))
    if power := SCIENTIFIC.fullmatch(body):
        meanings.add(Decimal(f"{power[1].replace(',', '.')}E{power[2]}"))
    groups = (pattern.fullmatch(body) for pattern in GROUPED)
    meanings |= {Decimal(_ungrouped(group)) for group in groups if group}
    if percent:
        meanings = {value.scaleb(-2) for value in meanings}
    return {-value for value in meanings} if minus else meanings


def precision_of(text: str) -> int | None:
    """The number of digits to which a spreadsheet has rounded a text; None if it has not."""
    body = CURRENCY.sub("", text.replace(MINUS, "-")).strip().removeprefix("-")
    if power := SCIENTIFIC.fullmatch(body):
        if abs(int(power[2])) < FIRST_POWER:
            return None
        return len(re.sub("[^0-9]", "", power[1]))
    digits = re.sub("[^0-9]", "", body)
    return SHOWN_DIGITS if SHOWN_DIGITS <= len(digits) <= LONGEST else None


def rounded(value: Decimal, digits: int) -> set[Decimal]:
    """A number with this many significant digits: rounded, and cut off as some do with codes."""
    return {Context(prec=digits, rounding=how).plus(value) for how in (ROUND_HALF_UP, ROUND_DOWN)}


def shows_number(text: str, value: str, *, exact: bool = False) -> bool:
    """Whether a spreadsheet may show a value as this text.

    With `exact` the value is a number of ours, which has one meaning.
    """
    shown = meanings(text)
    if not shown:
        return False
    meant = {Decimal(value)} if exact and re.fullmatch(r"-?[0-9.]+", value) else meanings(value)
    if shown & meant:
        return True
    digits = precision_of(text)
    if digits is None:
        return False
    return any(number in rounded(other, digits) for number in shown for other in meant)
