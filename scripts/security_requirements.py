"""Makes docs/reference/security-requirements.md, and prints how many rows have a test."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.security.asvs import PAGE, page, requirements, summary


def main() -> None:
    """Writes the page; with `--print` it prints the table instead."""
    if "--print" in sys.argv[1:]:
        for row in requirements():
            tests = " ".join(f"{file}::{name}" for file, name in row.tests)
            print(f"{row.id:<8}{row.level:<4}{row.words:<58}{tests or '- ' + row.reason}")
        print(f"\n{summary()}.")
        return
    PAGE.write_text(page(), encoding="utf-8")
    print(summary())


if __name__ == "__main__":
    main()
