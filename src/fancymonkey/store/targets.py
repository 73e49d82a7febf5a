"""What the name of a store says of where its files lie."""

from pathlib import Path


def sqlite_path(target: str) -> Path | None:
    """The file that `sqlite:///file.db` names, or None for any other target.

    As usual: three slashes for a relative path, four for an absolute one.
    """
    scheme, separator, rest = target.partition("://")
    return Path(rest.removeprefix("/")) if separator and scheme == "sqlite" else None


def folder_of(target: str) -> Path | None:
    """The folder that the files of a store lie in, or None where a server keeps them."""
    if "://" not in target:
        return Path(target)
    file = sqlite_path(target)
    return None if file is None else file.resolve().parent
