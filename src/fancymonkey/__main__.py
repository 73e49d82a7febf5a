"""Lets `python -m fancymonkey` start the program."""

from fancymonkey.cli import main

if __name__ == "__main__":
    main()
