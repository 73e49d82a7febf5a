"""What the name of a store says of where its files lie."""

from pathlib import Path


def sqlite_path(target: str) -> Path | None:
    """The file that `sqlite:///file.db` names, or None for any other target.

    As usual: three slashes for a relative path, four for an absolute one.
    """
    scheme, separator, rest = target.partition("://")
    return Path(rest.removeprefix("/")) if separator and scheme == "sqlite" else None


def same_store(one: str, other: str) -> bool:
    """Whether two texts name the same store: paths count as the places that they lead to."""
    return one == other or _place(one) == _place(other)


def _place(target: str) -> str:
    file = sqlite_path(target)
    if file is not None:
        return f"sqlite:///{file.resolve()}"
    return target if "://" in target else str(Path(target).resolve())


def folder_of(target: str) -> Path | None:
    """The folder that the files of a store lie in, or None where a server keeps them."""
    if "://" not in target:
        return Path(target)
    file = sqlite_path(target)
    return None if file is None else file.resolve().parent
