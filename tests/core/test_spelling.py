"""The distance of two names, against a definition of it that computes everything."""

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from fancymonkey.spelling import edit_distance

NAMES = st.text("abc", max_size=8)


def defined(left: str, other: str) -> int:
    """The distance (optimal string alignment), by its recursive definition."""

    @cache
    def of(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        least = min(
            of(i - 1, j) + 1, of(i, j - 1) + 1, of(i - 1, j - 1) + (left[i - 1] != other[j - 1])
        )
        swapped = i > 1 and j > 1 and left[i - 2 : i] == other[j - 1] + other[j - 2]
        return min(least, of(i - 2, j - 2) + 1) if swapped else least

    return of(len(left), len(other))


@given(NAMES, NAMES, st.integers(0, 5))
def test_a_distance_is_exact_up_to_the_limit(left: str, other: str, most: int) -> None:
    assert edit_distance(left, other, most) == min(defined(left, other), most + 1)


@given(NAMES, st.integers(0, 8), st.sampled_from("abc"), st.integers(0, 5))
def test_one_more_letter_is_a_distance_of_one(name: str, at: int, letter: str, most: int) -> None:
    assert edit_distance(name, name[:at] + letter + name[at:], most) == min(1, most + 1)


def test_long_names_that_differ_early_cost_little() -> None:
    assert edit_distance("a" * 1_000_000, "b" * 1_000_000, 2) == 3
