"""Folders in one file without a name, which is gone when this process has ended in any way."""

import atexit
import tarfile
import tempfile
from pathlib import Path
from typing import IO


def packed(folder: Path) -> IO[bytes]:
    """The files of a folder, with their rights and owners."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    atexit.register(file.close)
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.add(folder, arcname=".")
    return file


def unpack(file: IO[bytes], folder: Path) -> None:
    """Makes the folder again. It must not be there."""
    folder.mkdir()
    file.seek(0)
    with tarfile.open(fileobj=file) as archive:
        archive.extraction_filter = lambda member, _: member  # this process has made it
        archive.extractall(folder)
