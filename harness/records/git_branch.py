"""Keeps one file on a branch of a Git remote, for a ledger without a server: pushed, never forced."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.files import write_atomic

REMOTE = "origin"
MOMENTS = (0.0, 0.1, 0.4, 1.0)  # seconds in which another's push, which locks the branch, is over
AUTHOR = ("-c", "user.name=harness", "-c", "user.email=harness@localhost")


class Outrun(Exception):
    """Another writer pushed first, so that what was to be pushed does not follow from the branch any more."""


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A branch of the remote of the repository around the working directory; it need not exist yet."""

    name: str
    remote: str = REMOTE

    @property
    def ref(self) -> str:
        """Return where the branch stands on the remote."""
        return f"refs/heads/{self.name}"

    def fetch(self) -> str | None:
        """Return the commit that the remote has now, after fetching it; None where there is no such branch."""
        listed = self._git("ls-remote", self.remote, self.ref).split()
        if not listed:
            return None
        moves_no_ref = ("--no-tags", "--no-write-fetch-head", "--refmap=")  # others fetch in this repository too
        self._git("fetch", "--quiet", *moves_no_ref, self.remote, self.ref)
        return listed[0]

    def read(self, commit: str, name: str, path: Path) -> Path:
        """Write what a file holds in a commit to a path, and return that."""
        return write_atomic(path, self._run("cat-file", "blob", f"{commit}:{name}"))

    def push(self, parent: str | None, name: str, path: Path, message: str) -> str:
        """Commit the file after a parent, push it, and return the commit; raise Outrun where another came first."""
        blob = self._git("hash-object", "-w", str(path)).strip()
        tree = self._run("mktree", given=f"100644 blob {blob}\t{name}\n".encode()).decode().strip()
        after = ("-p", parent) if parent else ()
        commit = self._git("commit-tree", tree, *after, "-m", message).strip()
        try:
            self._git("push", "--quiet", self.remote, f"{commit}:{self.ref}")
        except HarnessError as error:
            if self._moves_from(parent):
                raise Outrun from error
            raise
        return commit

    def _moves_from(self, parent: str | None) -> bool:
        """Tell whether the branch is elsewhere than after the parent, or is so in a moment: a push locks it before."""
        for seconds in MOMENTS:
            time.sleep(seconds)
            if self.fetch() != parent:
                return True
        return False

    def _git(self, *arguments: str) -> str:
        return self._run(*arguments).decode(errors="replace")

    def _run(self, *arguments: str, given: bytes = b"") -> bytes:
        try:
            done = subprocess.run(["git", *AUTHOR, *arguments], input=given, capture_output=True)
        except FileNotFoundError:
            raise UsageError(f"ledger git:{self.name} needs Git, which is not installed; install it") from None
        if done.returncode:
            message = " ".join(done.stderr.decode(errors="replace").split())
            raise HarnessError(f"ledger git:{self.name}: git {arguments[0]} failed: {message}")
        return done.stdout
