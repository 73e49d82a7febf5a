"""Writes docs/reference/settings.md from the settings."""

from pathlib import Path

from fancymonkey.settings.settings import reference

if __name__ == "__main__":
    page = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"
    page.write_text(reference(), encoding="utf-8")
