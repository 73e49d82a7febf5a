"""The git repository of a folder of JSON files: versions of products.json, and nothing secret.

Only products.json is in it. The journal and the snapshots hold digests of passwords and keys and
ids of buyers and payments; they are never committed. Nothing that is kept in the folder or in a
message can make git do anything: hooks, prompts, signing and the user's settings are switched off.
"""

import asyncio
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fancymonkey.errors import BackupError
from fancymonkey.store.shared.files import Disk, write_safely

PRODUCTS = "products.json"
BRANCH = "main"
SENT = "refs/fancymonkey/sent"
SECONDS = 60.0
IGNORED = f"""# Made by fancymonkey. All else in this folder may hold secrets or is the server's.
*
!.gitignore
!{PRODUCTS}
"""
_QUIET = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.autocrlf=false",
    "-c",
    "core.quotePath=false",
    "-c",
    "commit.gpgSign=false",
    "-c",
    "gc.autoDetach=false",
    "-c",
    "protocol.ext.allow=never",
    "-c",
    "core.sharedRepository=0600",
    "-c",
    "safe.directory=*",
    "-c",
    "user.name=fancymonkey",
    "-c",
    "user.email=fancymonkey@localhost",
    "-c",
    f"init.defaultBranch={BRANCH}",
)
_ENDLESS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_REVISION = re.compile(r"^Revision: (\d+)$", re.MULTILINE)
_NAME = re.compile(r"[0-9a-f]{4,64}|HEAD(~\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Version:
    """A version of products.json: its name, its time (ISO 8601), what was changed."""

    name: str
    at: str
    subject: str
    revision: int | None


def one_line(text: str) -> str:
    """A text that stays within its line, whatever is in it."""
    return _ENDLESS.sub(" ", text).strip()


class Repository:
    """The repository of a folder; made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return (self.folder / ".git").is_dir()

    async def prepare(self) -> None:
        """Makes the repository where there is none. Raises BackupError."""
        if not self.exists:
            await self.git("init", "--quiet", f"--initial-branch={BRANCH}")
        ignore = self.folder / ".gitignore"
        if not ignore.exists() or ignore.read_text("utf-8") != IGNORED:
            write_safely(Disk(), ignore, [IGNORED.encode()])

    async def changed(self) -> bool:
        """Whether products.json is not what was committed last."""
        return bool(await self.git("status", "--porcelain", "--", PRODUCTS, ".gitignore"))

    async def commit(self, message: str) -> None:
        """Keeps the present version. Raises BackupError."""
        await self.git("add", "--", PRODUCTS, ".gitignore")
        await self.git("commit", "--quiet", "--file=-", "--", PRODUCTS, ".gitignore", said=message)

    async def last_revision(self) -> int:
        """The ledger's revision of the latest version; 0 where there is none."""
        try:
            text = await self.git("log", "-1", "--format=%B")
        except BackupError:
            return 0
        found = _REVISION.findall(text)
        return int(found[-1]) if found else 0

    async def versions(self, limit: int = 50) -> list[Version]:
        """The latest versions, new to old. Raises BackupError where there are none."""
        self._require()
        text = await self.git(
            "log", f"--max-count={limit}", "--format=%h%x00%cI%x00%s%x00%B%x01", "--", PRODUCTS
        )
        found = []
        for part in text.split("\x01"):
            if part.strip():
                name, at, subject, body = part.strip("\n").split("\x00")
                revisions = _REVISION.findall(body)
                found.append(Version(name, at, subject, int(revisions[-1]) if revisions else None))
        return found

    async def show(self, version: str) -> str:
        """What was changed in a version, as a difference."""
        return await self.git(
            "show", "--no-ext-diff", "--no-textconv", "--no-color", self._name(version)
        )

    async def content(self, version: str) -> bytes:
        """products.json as it was in a version. Raises BackupError."""
        return (await self.git("show", f"{self._name(version)}:{PRODUCTS}")).encode()

    async def unsent(self) -> bool:
        """Whether there is something that no push has sent."""
        head = await self.git("rev-parse", "HEAD")
        with suppress(BackupError):
            return head != await self.git("rev-parse", "--verify", "--quiet", SENT)
        return True

    async def push(self, remote: str) -> None:
        """Sends everything to another place. Raises BackupError."""
        await self.git("push", "--quiet", "--", remote, f"HEAD:refs/heads/{BRANCH}", own=True)
        await self.git("update-ref", SENT, "HEAD")

    def _name(self, version: str) -> str:
        self._require()
        if not _NAME.fullmatch(version):
            raise BackupError(f"{version!r} is no version. `fancymonkey history list` has them.")
        return version

    def _require(self) -> None:
        if not self.exists:
            raise BackupError(
                f"{self.folder} has no history. Start the server with BACKUP_GIT=on to have one."
            )

    async def git(self, *words: str, said: str | None = None, own: bool = False) -> str:
        """Runs git and returns what it printed. Raises BackupError with what it said.

        `own`: with the user's settings, which know how to reach another machine.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                *_QUIET,
                *words,
                cwd=self.folder,
                env=_environment(self.folder, own=own),
                stdin=asyncio.subprocess.DEVNULL if said is None else asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise BackupError(
                f"git could not be started ({error.strerror}): install it, or switch BACKUP_GIT "
                "off."
            ) from error
        try:
            async with asyncio.timeout(SECONDS):
                told, complaint = await process.communicate(None if said is None else said.encode())
        except BaseException as error:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if isinstance(error, TimeoutError):
                raise BackupError(f"git {words[0]} did not end in {SECONDS:g} s.") from error
            raise
        if process.returncode != 0:
            raise BackupError(f"git {words[0]} failed: {_complaint(complaint, words)}")
        return told.decode(errors="replace")


def _environment(folder: Path, *, own: bool) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    kept |= {"GIT_TERMINAL_PROMPT": "0", "GIT_CEILING_DIRECTORIES": str(folder.resolve().parent)}
    kept |= {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh", "LC_ALL": "C.UTF-8"}
    kept["GIT_SSH_COMMAND"] = os.environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    if not own:
        kept |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    return kept


def _complaint(said: bytes, words: Sequence[str]) -> str:
    text = one_line(said.decode(errors="replace"))
    for word in words:  # a remote may have a password in it
        if "@" in word or "://" in word:
            text = text.replace(word, "the remote")
    text = re.sub(r"://[^/@\s]*@", "://", text)
    return text[-400:] or "it did not say why"
