"""The digest of a plugin's source files as they are on disk: a version says nothing of files that are edited."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from harness.files import digest_file
from harness.plugins.description_places import isolation_files
from harness.values.canonical import sha256

COMPILED = "__pycache__"


def source_digest(module: str) -> str:
    """Return `sha256:` of the paths and contents of a module's files, or of its whole package; nothing is imported.

    Empty where there are no files. What it imports from elsewhere is not among them; the lock of an isolated one is.
    """
    top, *rest = module.split(".")
    found = find_spec(top)
    if found is None:
        return ""
    roots = [Path(each) for each in found.submodule_search_locations or ()] or [Path(found.origin or "")]
    lines = [line for root in roots for line in _lines(root.joinpath(*rest) if root.is_dir() else root)]
    return sha256("\n".join(sorted(lines))) if lines else ""


def _lines(place: Path) -> Iterator[str]:
    """Yield a line for each file of a package, or for a module's one file and what isolates it: digest and path."""
    if place.is_dir():
        for file in place.rglob("*"):
            if file.is_file() and COMPILED not in file.parts:
                yield f"{digest_file(file)}  {file.relative_to(place).as_posix()}"
        return
    file = place if place.suffix == ".py" else place.with_suffix(".py")
    for each in (file, *isolation_files(file)):
        if each.is_file():
            yield f"{digest_file(each)}  {each.name}"
