"""Tells apart the files that one query reads, so that each can stand for a window of time."""

import re
from collections.abc import Mapping
from glob import glob
from pathlib import Path

from harness.errors import UsageError


def by_file(sql: str) -> Mapping[str, str]:
    """Return, by its name, the query of each file that a query of a glob reads whole, in the order of the names."""
    found = re.fullmatch(r"SELECT \* FROM (read_\w+)\('((?:[^']|'')+)'\)", sql)
    if not found:
        raise UsageError(
            "only files that are read whole can be told apart; name a glob without filters: past/*.parquet"
        )
    reader, pattern = found[1], found[2].replace("''", "'")
    paths = sorted(glob(pattern, recursive=True))
    same = {Path(path).name for path in paths}
    named = {Path(path).name if len(same) == len(paths) else path: path for path in paths}
    return {name: f"SELECT * FROM {reader}('{_escape_quotes(path)}')" for name, path in named.items()}


def _escape_quotes(path: str) -> str:
    return path.replace("'", "''")
