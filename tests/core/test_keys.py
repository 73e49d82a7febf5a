"""Keys and names: allowed characters, and keys that look alike."""

import pytest

from fancymonkey.core.keys import key_fault, name_fault, normal_form, skeleton

E_WITH_MARK = "e\u0301"  # NFD
E_ACUTE = "\u00e9"  # NFC


def test_composed_and_decomposed_letters_have_one_normal_form() -> None:
    assert normal_form(f"caf{E_WITH_MARK}") == normal_form(f"caf{E_ACUTE}") == f"caf{E_ACUTE}"


@pytest.mark.parametrize("text", ["M", "prod_hoodie_001", "1-2", "S/M", "Größe 3", "ชุด", "日本"])
def test_ordinary_keys_have_no_fault(text: str) -> None:
    assert key_fault(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("M ", "space before or after"),
        (" M", "space before or after"),
        ("M\u00a0", "unusual space (U+00A0)"),
        ("M\u2003L", "unusual space (U+2003)"),
        ("M\u200b", "invisible (U+200B)"),
        ("M\u202e", "invisible (U+202E)"),
        ("M\u2028", "invisible (U+2028)"),
        ("M\u0085", "invisible (U+0085)"),
        ("M\tL", "invisible (U+0009)"),
        ("M\u3164", "invisible (U+3164)"),
        ("M\ufe0f", "invisible (U+FE0F)"),
        ("M\ufeff", "invisible (U+FEFF)"),
        ("\u0663", "not a digit from 0 to 9"),
    ],
)
def test_a_key_with_invisible_characters_or_odd_spaces_has_a_fault(text: str, reason: str) -> None:
    assert reason in (key_fault(text) or "")


def test_a_name_may_have_emoji_and_no_break_spaces_but_no_direction_marks() -> None:
    assert name_fault("Space \U0001f469\u200d\U0001f680 Tee\u00a0No 1 \u2764\ufe0f") is None
    assert name_fault("Tee\u202eeeT") is not None
    assert name_fault("Tee\u2028") is not None


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("M", "m"),
        ("M", "M "),
        ("M", "M\u00a0"),
        ("M", "\u041c"),  # Cyrillic
        ("admin", "\u0430dmin"),
        ("TEE", "\u03a4\u0395\u0395"),  # Greek
        ("1-2", "1\u20132"),  # en dash
        ("3", "\u0663"),
        ("M", "\uff2d"),  # full width
        (f"caf{E_ACUTE}", f"CAF{E_WITH_MARK}"),
        ("a\u200bb", "ab"),
    ],
)
def test_keys_that_look_alike_have_one_skeleton(first: str, other: str) -> None:
    assert skeleton(first) == skeleton(other)


@pytest.mark.parametrize(
    ("first", "other"),
    [("M", "L"), ("1", "l"), ("0", "O"), ("1-2", "12"), ("cafe", f"caf{E_ACUTE}"), ("42", "0042")],
)
def test_keys_that_differ_for_the_eye_have_different_skeletons(first: str, other: str) -> None:
    assert skeleton(first) != skeleton(other)
