"""Imports of optional modules that are not installed."""

import sys

import pytest

from tests.support import missing_modules


def test_a_missing_module_fails_without_a_search_and_an_installed_one_is_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(missing_modules, "OPTIONAL", ("no_module_of_this_name", "colorsys"))
    for name in missing_modules.OPTIONAL:
        monkeypatch.delitem(sys.modules, name, raising=False)
    missing_modules.search_missing_modules_once()
    assert sys.modules.get("no_module_of_this_name", "searched") is None
    with pytest.raises(ModuleNotFoundError):
        __import__("no_module_of_this_name")
    assert __import__("colorsys").rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
    monkeypatch.delitem(sys.modules, "no_module_of_this_name")
