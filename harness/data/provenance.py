"""Tells where a file came from when DVC tracks it, and holds the bytes that are there to what DVC recorded."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from glob import glob
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from harness.documents import parse, read_yaml
from harness.errors import HarnessError

TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"
LOOKED_AT = 512  # bytes by which DVC tells text, whose line ends DVC 1 and 2 made one before they hashed it
MOST_NOT_TEXT = 0.3
CHUNK = 1 << 20


class _Repository(BaseModel):
    url: str
    rev: str | None = None
    rev_lock: str | None = None


class _Dependency(BaseModel):
    path: str = ""
    repo: _Repository | None = None


class _Output(BaseModel):
    path: str
    md5: str | None = None
    hash: str | None = None


class _Stage(BaseModel):
    outs: tuple[_Output, ...] = ()
    deps: tuple[_Dependency, ...] = ()
    wdir: str = "."


class _Lock(BaseModel):
    stages: Mapping[str, _Stage] = {}


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """A file or folder that DVC tracks: by which file, its recorded MD5, and what is known of its past."""

    path: Path
    by: Path
    output: _Output
    past: str = ""

    def origin(self) -> str:
        """Return what a run keeps of it."""
        return f"dvc:md5:{self.output.md5} {self.output.path}{self.past}"


def provenance(uri: str) -> tuple[str, ...]:
    """Return what DVC says of a file or a glob's files, once their bytes are those it tracks; nothing if untracked."""
    paths = [Path(os.path.abspath(found)) for found in sorted(glob(uri, recursive=True))]
    locked = cache(_lock_records)  # each is read once, however many files a glob has
    found = {path: _find_record(path, locked) for path in paths}
    known = {tracked.path: tracked for tracked in found.values() if tracked}
    stray = [path for path, tracked in found.items() if not tracked]
    if known and stray:
        raise HarnessError(
            f"{len(stray)} of {len(paths)} files of {uri!r} are not tracked by DVC, as {stray[0].name!r}, and the "
            f"others are; `dvc add` them or name only those that are tracked"
        )
    for tracked in known.values():
        _must_be_unchanged(tracked)
    return tuple(tracked.origin() for tracked in known.values())


def _find_record(path: Path, locked: Callable[[Path], Sequence[Tracked]]) -> Tracked | None:
    """Return the nearest record of a path or of a folder it is in, no further up than its repository."""
    inside = list(_up_to_root(path))
    for place in (path, *inside[:-1]):
        locks = (each for folder in inside for each in locked(folder))
        for tracked in chain(_file_records(place), locks):
            if tracked.path == place:
                return tracked
    return None


def _up_to_root(path: Path) -> Iterator[Path]:
    for folder in path.parents:
        yield folder
        if (folder / ".dvc").is_dir() or (folder / ".git").exists():
            return


def _file_records(path: Path) -> Sequence[Tracked]:
    by = path.with_name(f"{path.name}.dvc")
    if not by.is_file():
        return ()
    stage = parse(_Stage, read_yaml(by), str(by))
    past = "".join(f" from {_source(each)}" for each in stage.deps)
    return _outputs(by, stage, stage.wdir, past)


def _lock_records(folder: Path) -> Sequence[Tracked]:
    by = folder / "dvc.lock"
    stages = parse(_Lock, read_yaml(by), str(by)).stages if by.is_file() else {}
    found = (_outputs(by, stage, _folder_of(name, folder), f" of stage {name}") for name, stage in stages.items())
    return tuple(chain.from_iterable(found))


def _outputs(by: Path, stage: _Stage, folder: str, past: str) -> Sequence[Tracked]:
    paths = [(output, Path(os.path.abspath(by.parent / folder / output.path))) for output in stage.outs]
    return [Tracked(path=path, by=by, output=output, past=past) for output, path in paths]


def _folder_of(stage: str, folder: Path) -> str:
    """Return the folder that a stage's paths start at, which only dvc.yaml tells."""
    pipeline = folder / "dvc.yaml"
    stages: Any = read_yaml(pipeline).get("stages") if pipeline.is_file() else None
    declared = (stages or {}).get(stage.partition("@")[0]) or {}
    return str({**declared, **(declared.get("do") or {})}.get("wdir") or ".")


def _source(dependency: _Dependency) -> str:
    """Return where an import came from, and at which revision, without what it takes to log in there."""
    repo = dependency.repo
    if repo is None:
        return _public(dependency.path)
    revision = repo.rev_lock or repo.rev
    return f"{_public(repo.url)} {dependency.path}{f'@{revision}' if revision else ''}"


def _public(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.scheme and parts.netloc else url


def _must_be_unchanged(tracked: Tracked) -> None:
    asked, older = tracked.output.md5, tracked.output.hash is None
    if asked is None or not re.fullmatch(r"[0-9a-f]{32}(\.dir)?", asked):
        raise HarnessError(f"{tracked.by} tracks {tracked.output.path!r} with md5 {asked!r}; run `dvc commit`")
    found = f"{_folder_md5(tracked.path, older)}.dir" if tracked.path.is_dir() else _md5(tracked.path, older)
    if found != asked:
        raise HarnessError(
            f"{tracked.path} changed since DVC tracked it: {tracked.by.name} says md5 {asked}, its bytes have {found}; "
            f"`dvc checkout` brings back what was tracked, `dvc commit` tracks what is there"
        )


def _folder_md5(folder: Path, older: bool) -> str:
    """Return the MD5 of DVC's own listing of a folder."""
    files = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    listing = [{"md5": _md5(path, older), "relpath": name.as_posix()} for name, path in files.items()]
    ordered = sorted(listing, key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(ordered, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def _md5(path: Path, older: bool) -> str:
    total = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        as_text = older and _is_text(file.read(LOOKED_AT))
        file.seek(0)
        while part := file.read(CHUNK):
            total.update(part.replace(b"\r\n", b"\n") if as_text else part)
    return total.hexdigest()


def _is_text(start: bytes) -> bool:
    return b"\0" not in start and len(start.translate(None, TEXT)) <= MOST_NOT_TEXT * len(start)
