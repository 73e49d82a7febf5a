"""`python -m fancymonkey` is the program too."""

from fancymonkey.cli import main

if __name__ == "__main__":
    main()
