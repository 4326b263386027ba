"""Keeps one file on a branch of a Git remote, for a ledger without a server: pushed, never forced."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.files import write_atomic

PREFIX = "git:"
FILE, MESSAGE = "ledger.db", "Record an entry"
REMOTE = "origin"
MOMENTS = (0.0, 0.1, 0.4, 1.0)  # seconds in which another's push, which locks the branch, is over
AUTHOR = ("-c", "user.name=harness", "-c", "user.email=harness@localhost")


class Outrun(Exception):
    """Another writer pushed first, so that what was to be pushed does not follow from the branch any more."""


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A branch of the remote of the repository around the working directory; it need not exist yet."""

    branch: str
    remote: str = REMOTE

    @property
    def name(self) -> str:
        """Return what the ledger on the branch is called."""
        return f"{PREFIX}{self.branch}"

    @property
    def ref(self) -> str:
        """Return where the branch stands on the remote."""
        return f"refs/heads/{self.branch}"

    def fetch(self, path: Path) -> str | None:
        """Write the file of the newest commit to a path; return that, or None where there is no such branch."""
        commit = self._fetch_commit()
        if commit:
            write_atomic(path, self._run("cat-file", "blob", f"{commit}:{FILE}"))
        return commit

    def push(self, version: str | None, path: Path) -> str:
        """Commit a file after a commit, push it, and return the new one; raise Outrun where another came first."""
        blob = self._git("hash-object", "-w", str(path)).strip()
        tree = self._run("mktree", given=f"100644 blob {blob}\t{FILE}\n".encode()).decode().strip()
        after = ("-p", version) if version else ()
        commit = self._git("commit-tree", tree, *after, "-m", MESSAGE).strip()
        try:
            self._git("push", "--quiet", self.remote, f"{commit}:{self.ref}")
        except HarnessError as error:
            if self._moves_from(version):
                raise Outrun from error
            raise
        return commit

    def _fetch_commit(self) -> str | None:
        """Return the commit that the remote has now, after fetching it; None where there is no such branch."""
        listed = self._git("ls-remote", self.remote, self.ref).split()
        if not listed:
            return None
        moves_no_ref = ("--no-tags", "--no-write-fetch-head", "--refmap=")  # others fetch in this repository too
        self._git("fetch", "--quiet", *moves_no_ref, self.remote, self.ref)
        return listed[0]

    def _moves_from(self, parent: str | None) -> bool:
        """Tell whether the branch is elsewhere than after the parent, or is so in a moment: a push locks it before."""
        for seconds in MOMENTS:
            time.sleep(seconds)
            if self._fetch_commit() != parent:
                return True
        return False

    def _git(self, *arguments: str) -> str:
        return self._run(*arguments).decode(errors="replace")

    def _run(self, *arguments: str, given: bytes = b"") -> bytes:
        try:
            done = subprocess.run(["git", *AUTHOR, *arguments], input=given, capture_output=True)
        except FileNotFoundError:
            raise UsageError(f"ledger {self.name} needs Git, which is not installed; install it") from None
        if done.returncode:
            message = " ".join(done.stderr.decode(errors="replace").split())
            raise HarnessError(f"ledger {self.name}: git {arguments[0]} failed: {message}")
        return done.stdout


def open_branch(url: str) -> Branch:
    """Return the branch that `git:BRANCH` names."""
    name = url.removeprefix(PREFIX)
    if not name or name.startswith("-") or any(character.isspace() for character in name):
        raise UsageError(f"ledger {url!r} names no branch; write git:BRANCH, as in git:promotion-ledger")
    return Branch(branch=name)
