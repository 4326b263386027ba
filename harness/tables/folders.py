"""Columns that folders name: of `lake/dt=2026-01-31/part-0.parquet` found by `lake/*/*.parquet`, the column `dt`.

Only folders that a glob's wildcards stand for are columns: the others say where the table lies, and nothing of a row.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from glob import glob, has_magic
from pathlib import Path
from urllib.parse import unquote

from harness.errors import HarnessError
from harness.tables.column_names import fold_case

MISSING = "__HIVE_DEFAULT_PARTITION__"
Typed = tuple[tuple[str, str], ...]


def folder_columns(pattern: str) -> Typed:
    """Return the columns that the folders of a glob name, each with the type that all its values survive."""
    found = {path: folder_values(pattern, path) for path in sorted(glob(pattern, recursive=True))}
    first, *others = found.items()
    for path, values in others:
        if [*values] != [*first[1]]:
            one, other = (", ".join(names) or "none" for names in (first[1], values))
            raise HarnessError(
                f"folders of {pattern!r} are not those of one table: {first[0]} lies in folders of {one} and {path} of "
                f"{other}; name one depth of folders"
            )
    return tuple((name, _type([values[name] for values in found.values()])) for name in first[1])


def folder_values(pattern: str, path: str) -> Mapping[str, str]:
    """Return what the folders of one file say, in the order of the folders."""
    fixed = next((at for at, part in enumerate(Path(pattern).parts) if has_magic(part)), len(Path(pattern).parts))
    named = [part.partition("=") for part in Path(path).parts[fixed:-1] if "=" in part.lstrip("=")]
    names = [fold_case(name) for name, _, _ in named]
    if len({*names}) < len(names):
        raise HarnessError(f"folders name a column twice in {path}; rename one of them")
    return {name: unquote(value) for name, _, value in named}


def refuse_named_twice(files: Sequence[str], folders: Sequence[str]) -> None:
    """Refuse a column that the files hold and their folders name too: the two may say different things."""
    known = {fold_case(name): name for name in files}
    for name in folders:
        if fold_case(name) in known:
            raise HarnessError(
                f"column {known[fold_case(name)]!r} is in the files and in the names of their folders ({name}=...), "
                f"which may differ; leave it out of one of them"
            )


def _type(values: Sequence[str]) -> str:
    given = [value for value in values if value != MISSING]
    for kind, survives in (("int64", _is_whole), ("date", _is_day)):
        if given and all(survives(value) for value in given):
            return kind
    return "string"


def _is_whole(value: str) -> bool:
    digits = value.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 19 and str(int(value)) == value


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
