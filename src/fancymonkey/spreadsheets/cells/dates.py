"""Dates as spreadsheets of many countries write them: the possible days of a text."""

import re
import unicodedata
from contextlib import suppress
from datetime import date, timedelta
from functools import lru_cache

from fancymonkey.core.dates import iso_date

Day = tuple[int | None, int, int]
"""Year (None if the text has none), month, day."""

MONTHS = (
    "january januar janvier enero gennaio janeiro januari jaenner janner styczen",
    "february februar fevrier febrero febbraio fevereiro februari luty feber",
    "march marz mars marzo marco maart marzec mrz maerz",
    "april avril abril aprile kwiecien",
    "may mai mayo maggio maio mei maj",
    "june juni juin junio giugno junho czerwiec",
    "july juli juillet julio luglio julho lipiec",
    "august aout agosto augustus sierpien augusti",
    "september septembre septiembre settembre setembro wrzesien",
    "october oktober octobre octubre ottobre outubro pazdziernik",
    "november novembre noviembre novembro listopad",
    "december dezember decembre diciembre dicembre dezembro grudzien",
)
TIME = re.compile(r"[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.0+)?)?(?:Z|\+00:00)?$")
CLOCK = re.compile(
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?:[ \u00a0\u202f]?([AaPp])\.?[Mm]\.?)?"
)
PARTS = re.compile(r"([0-9]{1,4})([-/.])([0-9]{1,2})(?:\2([0-9]{1,4}))?\.?")
SPACED = re.compile(r"([0-9]{1,4})\. ?([0-9]{1,2})\. ?([0-9]{1,4})\.?(?: ?\u0433\.)?")
"""Slovak `15. 11. 2026`, Hungarian `2026. 11. 15.`, Bulgarian with a word for the year."""
EAST_ASIAN = re.compile(
    "([0-9]{4})[\u5e74\ub144] ?([0-9]{1,2})[\u6708\uc6d4] ?([0-9]{1,2})[\u65e5\uc77c]"
)
"""Chinese, Japanese and Korean dates, with the words for year, month and day."""
FIRST_DAY = date(1899, 12, 30)
FEBRUARY_29 = 60
SERIALS = range(20_000, 80_000)
"""Serial numbers of days (from 1954 to 2119) that a spreadsheet may show for a date."""


def days_of(text: str) -> set[Day]:
    """All possible days of a text."""
    text = _without_spaces(TIME.sub("", text.strip()))
    if len(text) > 40 or not re.search("[0-9]", text):
        return set()
    if re.fullmatch("[0-9]{5}", text):
        serial = int(text)
        day = FIRST_DAY + timedelta(serial) if serial in SERIALS else None
        return set() if day is None else {(day.year, day.month, day.day)}
    match = PARTS.fullmatch(text)
    if match and match[2] == "." and len(match[4] or "") == 4 and len(match[1]) < 3:
        made = {(int(match[4]), int(match[3]), int(match[1]))}  # with points the day is first
        return {day for day in made if _is_day(day)}
    return _of_digits(*match.group(1, 3, 4)) if match else _of_words(text)


def serials_of(text: str) -> set[int]:
    """The numbers that a spreadsheet shows as this date, in a column with the format of dates."""
    if time_of(text) is not None or not is_shown_date(text):
        return set()
    days = {(date(year, month, day) - FIRST_DAY).days for year, month, day in days_of(text) if year}
    # In spreadsheets 1900 has a February 29, so the days before it have other numbers than here.
    return {number if number > FEBRUARY_29 else number - 1 for number in days}


def _without_spaces(text: str) -> str:
    """A date of numbers without the spaces and words that some countries put between them."""
    if match := EAST_ASIAN.fullmatch(text):
        return "-".join(match.groups())
    match = SPACED.fullmatch(text)
    return ".".join(match.groups()) if match else text


def _of_digits(first: str, second: str, third: str | None) -> set[Day]:
    number, two = int(first), int(second)
    made: set[Day]
    if third is None:
        made = {
            (None, number, two),
            (None, two, number),
            *_months(number, second),
            *_months(two, first),
        }
    elif len(first) > 2:
        made = {(number, two, int(third))}
    else:
        years = _years(third)
        made = {(year, two, number) for year in years} | {(year, number, two) for year in years}
        if len(third) < 3:
            made |= {(year, two, int(third)) for year in _years(first)}
    return {day for day in made if _is_day(day)}


def _months(month: int, year: str) -> set[Day]:
    """The first of a month of a year, as `2-30` is read."""
    if len(year) not in (2, 4):
        return set()
    return {(year_number, month, 1) for year_number in _years(year)}


def _years(text: str) -> tuple[int, ...]:
    number = int(text)
    return (number,) if len(text) > 2 else (2000 + number, 1900 + number)


def _of_words(text: str) -> set[Day]:
    words = re.findall(r"[^\W\d_]+|[0-9]+", text)
    named = [month for word in words if (month := _month(word))]
    numbers = [word for word in words if word.isdigit() and word.isascii()]
    others = len(words) - len(named) - len(numbers)
    if len(named) != 1 or others or not 1 <= len(numbers) <= 2 or len(numbers[0]) > 4:
        return set()
    month = named[0]
    if len(numbers) == 1:
        made = {(None, month, int(numbers[0])), *_months(month, numbers[0])}
    else:
        made = {(year, month, int(numbers[0])) for year in _years(numbers[1][:4])}
        made |= {(year, month, int(numbers[1])) for year in _years(numbers[0])}
    return {day for day in made if _is_day(day)}


@lru_cache(maxsize=4096)
def _month(word: str) -> int | None:
    """The month of a word, in full or from three letters on."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    if len(plain) < 3:
        return None
    months = [
        number
        for number, names in enumerate(MONTHS, 1)
        if any(name.startswith(plain) for name in names.split())
    ]
    return months[0] if len(months) == 1 else None


def _is_day(day: Day) -> bool:
    try:
        date(2000 if day[0] is None else day[0], day[1], day[2])
    except ValueError:
        return False
    return True


def is_shown_date(text: str) -> bool:
    """Whether a text is a date as a spreadsheet writes it: with a month's name or with a year."""
    text = _without_spaces(TIME.sub("", text.strip()))
    if not days_of(text):
        return False
    return bool(
        re.search(r"[^\W\d_]{3}", text)
        or re.fullmatch("[0-9]{5}", text)
        or re.fullmatch(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{4}", text)
        or re.fullmatch(r"[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}", text)
        or re.fullmatch(r"[0-9]{2}([-/.])[0-9]{2}\1[0-9]{2}", text)
    )


def shows_date(text: str, value: str) -> bool:
    """Whether a spreadsheet may show a value as this date."""
    if is_clock(text) and is_clock(value):
        return is_clock(text) == is_clock(value)
    if not is_shown_date(text) or time_of(text) != time_of(value):
        return False
    meant = days_of(value)
    return any(_agree(day, other) for day in days_of(text) for other in meant)


def _agree(day: Day, other: Day) -> bool:
    return day[1:] == other[1:] and (day[0] == other[0] or None in (day[0], other[0]))


def is_clock(text: str) -> tuple[int, int, int] | None:
    """The time of day of a text (a size `10:30` may become one); None if it is not one."""
    match = CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    hour = int(match[1])
    if match[4]:
        hour = hour % 12 + (12 if match[4] in "Pp" else 0)
    return hour, int(match[2]), int(match[3] or 0)


def time_of(text: str) -> tuple[int, int, int] | None:
    """The time of day behind a date."""
    match = TIME.search(text.strip())
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def parsed_date(text: str) -> str:
    """A date in ISO 8601. Raises ValueError if it is not a date, or ambiguous."""
    if time_of(text) is None:
        text = _without_spaces(text)
    if not text.isascii():
        days = _of_words(text)
    else:
        with suppress(ValueError):
            return iso_date(text)
        whole = re.search(r"(?<![0-9])[0-9]{4}(?![0-9])", text) and time_of(text) is None
        days = days_of(text) if whole and is_shown_date(text) else set()
    if len(days) > 1:
        raise ValueError("a date that means one day only: write 2026-01-31")
    for year, month, day in days:
        if year is not None:
            return date(year, month, day).isoformat()
    raise ValueError("a date: write 2026-01-31 or 2026-01-31T12:00:00Z")
