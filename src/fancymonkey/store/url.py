"""Parses the name of a store: its file or folder."""

from pathlib import Path


def sqlite_path(target: str) -> Path | None:
    """The file of `sqlite:///file.db`, or None for any other target.

    Three slashes make a relative path, four an absolute one.
    """
    scheme, separator, remainder = target.partition("://")
    return Path(remainder.removeprefix("/")) if separator and scheme == "sqlite" else None


def same_store(left: str, other: str) -> bool:
    """Whether two texts name the same store; paths are resolved first."""
    return left == other or _resolved(left) == _resolved(other)


def _resolved(target: str) -> str:
    file = sqlite_path(target)
    if file is not None:
        return f"sqlite:///{file.resolve()}"
    return target if "://" in target else str(Path(target).resolve())


def folder_of(target: str) -> Path | None:
    """The folder of a store's files, or None for a database server."""
    if "://" not in target:
        return Path(target)
    file = sqlite_path(target)
    return None if file is None else file.resolve().parent
