"""The definition of a bundle in one cell: written, and read back as the same."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fancymonkey.core.bundles.definition import Definition, fault_of
from fancymonkey.core.item_parts import Bundle, BundlePolicy, ChoiceGroup, Component
from fancymonkey.spreadsheets.cells.bundle_text import bundle_text, read_bundle
from fancymonkey.spreadsheets.cells.formula_escape import safe, unsafe

PLAIN = Bundle(0, BundlePolicy.TOGETHER)

TEXTS: dict[str, Definition] = {
    "2 x tee/M + 1 x cap/ONE SIZE": Definition(
        PLAIN, (Component("tee/M", 2), Component("cap/ONE SIZE", 1))
    ),
    "6 x sock/S/M": Definition(PLAIN, (Component("sock/S/M", 6),)),
    "1 x tee/M keep 3; policy split": Definition(
        Bundle(0, BundlePolicy.SPLIT), (Component("tee/M", 1, keep=3),)
    ),
    "choose 3 of Tees: tee/S up to 2 | tee/M | tee/L keep 1": Definition(
        PLAIN,
        (
            Component("tee/S", 2, "Tees"),
            Component("tee/M", 1, "Tees"),
            Component("tee/L", 1, "Tees", 1),
        ),
        (ChoiceGroup("Tees", 3),),
    ),
    "1 x box/OS; choose 1 of Hat: cap/OS | hat/OS; at most 2 per order; at most 100 sold; "
    "sold from 2026-12-01T09:00:00.000Z; sold until 2026-12-24T12:00:00.000Z": Definition(
        Bundle(0, BundlePolicy.TOGETHER, 1_796_115_600_000, 1_798_113_600_000, 2, 100),
        (
            Component("box/OS", 1),
            Component("cap/OS", 1, "Hat"),
            Component("hat/OS", 1, "Hat"),
        ),
        (ChoiceGroup("Hat", 1),),
    ),
    '1 x "a + b/M"': Definition(PLAIN, (Component("a + b/M", 1),)),
    '1 x "say ""hi""/M" + 2 x "x;y/S"': Definition(
        PLAIN, (Component('say "hi"/M', 1), Component("x;y/S", 2))
    ),
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_definition_is_written_and_read(text: str) -> None:
    assert bundle_text(TEXTS[text]) == text
    assert read_bundle(text) == TEXTS[text]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2x tee/M+cap/OS", "2 x tee/M + 1 x cap/OS"),
        ("2 × tee/M  +  1 X cap/OS ;", "2 x tee/M + 1 x cap/OS"),
        ("tee/M", "1 x tee/M"),
        ("2 * tee/M; POLICY Split", "2 x tee/M; policy split"),
        (
            "tee/M; most 2 per order; most 9 in all",
            "1 x tee/M; at most 2 per order; at most 9 sold",
        ),
        ("Choose 1 of T : a/S|b/S UP TO 1", "choose 1 of T: a/S | b/S"),
        ("tee/M\n+ cap/OS", "1 x tee/M + 1 x cap/OS"),
        ("sold until 2026-12-24; tee/M", "1 x tee/M; sold until 2026-12-24T00:00:00.000Z"),
    ],
)
def test_other_spellings_mean_the_same(text: str, same: str) -> None:
    assert bundle_text(read_bundle(text)) == same


@pytest.mark.parametrize("text", ["", "  ", "none", "NONE", " None "])
def test_no_bundle(text: str) -> None:
    assert read_bundle(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tee", "is not clear; write 2 x tee/M"),
        ("2", "is not clear"),
        ("0 x tee/M", "must be from 1"),
        ("99999999999 x tee/M", "is not clear|must be from 1"),
        ("tee/M + ", "is not clear"),
        ("tee/M + tee/M", "listed twice"),
        ('1 x "tee/M', "not closed"),
        ("tee/M; policy both", "together or split"),
        ("tee/M; policy split; policy split", "twice"),
        ("tee/M; at most 0 per order", "not from 1"),
        ("tee/M; sold from tomorrow", "not a time"),
        ("tee/M; sold from 2026-12-02; sold until 2026-12-01", "must be after the beginning"),
        ("choose 3 of T: a/S | b/S", "fewer than the 3"),
        ("choose 1 of T:", "is not clear"),
        ("policy split", "at least one part"),
        ("tee/M; free for all", "is not clear"),
        (" + ".join(f"tee/{n}" for n in range(101)), "at most 100 parts"),
    ],
)
def test_an_unclear_text_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_bundle(text)


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)
IDS = KEYS.map(lambda text: text.replace("/", "")).filter(bool)
SKUS = st.builds(lambda id_, size: f"{id_}/{size}", IDS, KEYS)
PARTS = st.lists(SKUS, min_size=1, max_size=5, unique=True)


@given(PARTS, st.integers(1, 99), st.integers(0, 9), st.lists(KEYS, max_size=2, unique=True))
def test_any_keys_are_read_unchanged(
    skus: list[str], quantity: int, keep: int, names: list[str]
) -> None:
    groups = tuple(ChoiceGroup(name, 1) for name in names)
    parts = [Component(sku, quantity, keep=keep) for sku in skus]
    parts += [Component(sku, quantity, name, keep) for name in names for sku in skus]
    definition = Definition(PLAIN, tuple(parts), groups)
    if fault_of(definition) is None:
        text = bundle_text(definition)
        assert read_bundle(text) == definition
        assert unsafe(safe(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "tee/M" + " " * 19_000 + "x",
        "1 x tee/M keep" + " keep" * 3_000,
        "choose 1 of " + "a " * 9_000,
        '"' * 19_999,
        "+" * 19_999,
        "choose 1 of T: " + "a/b|" * 4_000,
        "tee/M up to" * 1_700,
    ],
)
def test_a_long_text_is_read_in_no_time(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(ValueError):
        read_bundle(text)
    assert time.process_time() - started < 1
