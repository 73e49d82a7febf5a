"""The git repository of a folder of JSON files: the versions of products.json, without secrets.

Only products.json is committed. The journal and the snapshots have digests of passwords and keys
and ids of buyers and payments; they are never committed. Neither the folder nor a message can make
git run anything: hooks, prompts, signing and the user's settings are switched off.
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
class CommittedVersion:
    """A version of products.json: its commit id, its time (ISO 8601), and its subject."""

    name: str
    at: str
    subject: str
    revision: int | None


def one_line(text: str) -> str:
    """The text as one line, with control characters and line breaks as spaces."""
    return _ENDLESS.sub(" ", text).strip()


class Repository:
    """The repository of a folder; `prepare` creates it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether the folder has a repository."""
        return (self.folder / ".git").is_dir()

    async def prepare(self) -> None:
        """Creates the repository if there is none. Raises BackupError."""
        if not self.exists:
            await self.git("init", "--quiet", f"--initial-branch={BRANCH}")
        ignore = self.folder / ".gitignore"
        if not ignore.exists() or ignore.read_text("utf-8") != IGNORED:
            write_safely(Disk(), ignore, [IGNORED.encode()])

    async def changed(self) -> bool:
        """Whether products.json differs from the last commit."""
        return bool(await self.git("status", "--porcelain", "--", PRODUCTS, ".gitignore"))

    async def commit(self, message: str) -> None:
        """Commits the present version. Raises BackupError."""
        await self.git("add", "--", PRODUCTS, ".gitignore")
        await self.git(
            "commit", "--quiet", "--file=-", "--", PRODUCTS, ".gitignore", input_=message
        )

    async def last_revision(self) -> int:
        """The ledger revision of the latest version; 0 if there is none."""
        try:
            text = await self.git("log", "-1", "--format=%B")
        except BackupError:
            return 0
        revisions = _REVISION.findall(text)
        return int(revisions[-1]) if revisions else 0

    async def versions(self, limit: int = 50) -> list[CommittedVersion]:
        """The latest versions, the newest first. Raises BackupError if there are none."""
        self._require()
        text = await self.git(
            "log", f"--max-count={limit}", "--format=%h%x00%cI%x00%s%x00%B%x01", "--", PRODUCTS
        )
        versions = []
        for part in text.split("\x01"):
            if part.strip():
                name, at, subject, body = part.strip("\n").split("\x00")
                revisions = _REVISION.findall(body)
                revision = int(revisions[-1]) if revisions else None
                versions.append(CommittedVersion(name, at, subject, revision))
        return versions

    async def show(self, version: str) -> str:
        """The changes of a version, as a diff."""
        return await self.git(
            "show", "--no-ext-diff", "--no-textconv", "--no-color", self._name(version)
        )

    async def content(self, version: str) -> bytes:
        """The content of products.json in a version. Raises BackupError."""
        return (await self.git("show", f"{self._name(version)}:{PRODUCTS}")).encode()

    async def unsent(self) -> bool:
        """Whether there are commits that were not pushed yet."""
        head = await self.git("rev-parse", "HEAD")
        with suppress(BackupError):
            return head != await self.git("rev-parse", "--verify", "--quiet", SENT)
        return True

    async def push(self, remote: str) -> None:
        """Pushes all commits to a remote. Raises BackupError."""
        await self.git("push", "--quiet", "--", remote, f"HEAD:refs/heads/{BRANCH}", own=True)
        await self.git("update-ref", SENT, "HEAD")

    def _name(self, version: str) -> str:
        self._require()
        if not _NAME.fullmatch(version):
            raise BackupError(
                f"{version!r} is not a version. `fancymonkey history list` lists the versions."
            )
        return version

    def _require(self) -> None:
        if not self.exists:
            raise BackupError(
                f"{self.folder} has no history. Start the server with BACKUP_GIT=on to have one."
            )

    async def git(self, *words: str, input_: str | None = None, own: bool = False) -> str:
        """Runs git and returns its output. Raises BackupError with its error message.

        `own`: with the user's settings, which may be needed to reach a remote.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                *_QUIET,
                *words,
                cwd=self.folder,
                env=_environment(self.folder, own=own),
                stdin=asyncio.subprocess.DEVNULL if input_ is None else asyncio.subprocess.PIPE,
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
                data = None if input_ is None else input_.encode()
                output, message = await process.communicate(data)
        except BaseException as error:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if isinstance(error, TimeoutError):
                raise BackupError(f"git {words[0]} did not finish in {SECONDS:g} s.") from error
            raise
        if process.returncode != 0:
            raise BackupError(f"git {words[0]} failed: {_message(message, words)}")
        return output.decode(errors="replace")


def _environment(folder: Path, *, own: bool) -> dict[str, str]:
    env = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_TERMINAL_PROMPT": "0", "GIT_CEILING_DIRECTORIES": str(folder.resolve().parent)}
    env |= {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh", "LC_ALL": "C.UTF-8"}
    env["GIT_SSH_COMMAND"] = os.environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    if not own:
        env |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    return env


def _message(output: bytes, words: Sequence[str]) -> str:
    text = one_line(output.decode(errors="replace"))
    for word in words:  # the URL of a remote may contain a password
        if "@" in word or "://" in word:
            text = text.replace(word, "the remote")
    text = re.sub(r"://[^/@\s]*@", "://", text)
    return text[-400:] or "it gave no reason"
