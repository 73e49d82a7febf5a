"""Writes docs/reference/settings.md anew from the settings themselves."""

from pathlib import Path

from fancymonkey.settings.settings import reference

if __name__ == "__main__":
    page = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"
    page.write_text(reference(), encoding="utf-8")
