"""Reads files as a commit has them, byte for byte, whatever the working tree or its filters say."""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from harness.errors import HarnessError, UsageError

FILE, RUNNABLE, LINK = "100644", "100755", "120000"
SHORT = 12  # digits of a commit for people
PLACES = ("refs/", "refs/tags/", "refs/heads/", "refs/remotes/")  # where Git looks a short name up, in this order


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit of the repository around a folder: the ref that named it, its digest, and the top of the work tree."""

    ref: str
    digest: str
    top: Path

    def __str__(self) -> str:
        return f"{self.digest[:SHORT]} ({self.ref})"

    def write(self, folder: Path) -> Path:
        """Write all files of the commit below a folder, links inside it included, and return that."""
        listed = [_parse_line(line) for line in self._list_files()]
        with subprocess.Popen(
            _command(self.top, "cat-file", "--batch"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as reader:
            assert reader.stdin
            assert reader.stdout
            for mode, blob, name in listed:
                if mode in (FILE, RUNNABLE, LINK):
                    _write(folder, name, _read_blob(reader.stdin, reader.stdout, blob), is_link=mode == LINK)
            reader.stdin.close()
        return folder

    def _list_files(self) -> Iterator[str]:
        listed = _run(self.top, "ls-tree", "-r", "-z", "--full-tree", self.digest)
        yield from filter(None, listed.decode(errors="surrogateescape").split("\0"))


def find_commit(ref: str, start: Path) -> Commit:
    """Return the commit that a ref names in the repository around a folder.

    A short name that stands for several commits is a UsageError: whoever makes a branch or tag of the name of another
    one would choose between them.
    """
    top = Path(_text(start, "rev-parse", "--show-toplevel")).resolve()
    found = _verify(top, ref)
    if found is None:
        raise UsageError(f"Git knows no commit {ref!r} in {top}; fetch it (`git fetch origin`), or name another")
    named = {place + ref: commit for place in PLACES if (commit := _verify(top, place + ref))}
    if named and {found, *named.values()} != {found}:
        raise UsageError(f"{ref!r} stands for several commits, of {', '.join(named)}; write one of these in full")
    return Commit(ref=ref, digest=found, top=top)


def last_commit(commit: Commit, path: str) -> str:
    """Return the last commit, up to a given one, that changed a file. UsageError if it holds no such file."""
    found = _text(commit.top, "log", "-1", "--format=%H", commit.digest, "--", f":(top,literal){path}")
    if not found:
        raise UsageError(f"commit {commit} holds no {path!r}; commit it")
    return found


def _verify(top: Path, name: str) -> str | None:
    done = _start(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return done.stdout.decode().strip() if done.returncode == 0 else None


def _parse_line(line: str) -> tuple[str, str, str]:
    """Return mode, object and path of a line of ls-tree: `100644 blob 1f2e...<TAB>ci/gates.yaml`."""
    about, _, name = line.partition("\t")
    mode, _, blob = about.split(" ")
    return mode, blob, name


def _read_blob(requests: IO[bytes], answers: IO[bytes], blob: str) -> bytes:
    requests.write(f"{blob}\n".encode())
    requests.flush()
    *_, kind, size = answers.readline().decode().split()
    if kind != "blob":
        raise HarnessError(f"Git cannot read object {blob}, which it lists; run `git fsck` and fetch it again")
    content = answers.read(int(size))
    answers.read(1)
    return content


def _write(folder: Path, name: str, content: bytes, *, is_link: bool) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not is_link:
        path.write_bytes(content)
    elif _stays_inside(name, content.decode(errors="surrogateescape")):
        path.symlink_to(content.decode(errors="surrogateescape"))


def _stays_inside(name: str, target: str) -> bool:
    """Tell whether a link leads to a place in the same tree, by what is written alone."""
    depth = len(PurePosixPath(name).parts) - 1
    for part in PurePosixPath(target).parts:
        depth += -1 if part == ".." else 1
        if depth < 0 or part == "/":
            return False
    return True


def _text(folder: Path, *arguments: str) -> str:
    return _run(folder, *arguments).decode(errors="surrogateescape").strip()


def _run(folder: Path, *arguments: str) -> bytes:
    done = _start(folder, *arguments)
    if done.returncode:
        message = " ".join(done.stderr.decode(errors="replace").split())
        raise UsageError(f"git {arguments[0]} failed in {folder}: {message}; a ref is read from a Git repository")
    return done.stdout


def _start(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(_command(folder, *arguments), capture_output=True)
    except FileNotFoundError:
        raise UsageError("a ref is read with Git, which is not installed; install it") from None


def _command(folder: Path, *arguments: str) -> Sequence[str]:
    """Return a command that goes by what the commits hold: `git replace` puts other objects in their place."""
    return ["git", "--no-replace-objects", "-C", str(folder), *arguments]
