"""Which code a promotion is made with: the commit of the working tree, and whether anything differs from it."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError

CODE = ("*.py", "*.yaml", "*.yml", "*.toml", "*.json")  # what nobody committed counts only where it may be read as code
SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Code:
    """The commit of a working tree, None without Git, and the paths that differ from it."""

    revision: str | None
    uncommitted: Sequence[str] = ()

    @property
    def predicate(self) -> Mapping[str, Any]:
        """Return it as a statement says it."""
        return {"revision": self.revision, "uncommitted": list(self.uncommitted)}


def read_code(root: Path) -> Code:
    """Return the commit of the working tree around a project, and what differs from it in the project's folder.

    HarnessError where there is a repository that Git does not read, or that has no commit.
    """
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return Code(revision=None)
    revision = _git(root, "rev-parse", "HEAD").strip()
    changed = _git(root, "diff", "--name-only", "-z", "--relative", "HEAD")
    added = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *CODE)
    return Code(revision=revision, uncommitted=sorted(filter(None, (changed + added).split("\0"))))


def refuse_uncommitted(code: Code) -> None:
    """Refuse code that no commit has, as nobody could look at it again."""
    if code.uncommitted:
        listed = ", ".join(code.uncommitted[:SHOWN])
        more = f" and {len(code.uncommitted) - SHOWN} more" if len(code.uncommitted) > SHOWN else ""
        message = f"the working tree differs from its commit in {listed}{more}, so nobody could look at it again"
        raise HarnessError(f"{message}; commit it, or let the gate say `uncommitted: allow`")


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True)
    except FileNotFoundError:
        raise HarnessError("the commit of this project is not known, as Git is not installed; install it") from None
    if done.returncode:
        found = " ".join(done.stderr.decode(errors="replace").split())
        raise HarnessError(f"the commit of this project is not known: git {arguments[0]}: {found}")
    return done.stdout.decode(errors="surrogateescape")
