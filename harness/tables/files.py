"""Files that a query reads, as values: which they are and how they are read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from glob import escape, glob, has_magic
from pathlib import Path

from harness.errors import UsageError
from harness.tables.csv_types import cast
from harness.tables.folders import MISSING, Typed
from harness.tables.sql import Sql, all_rows, column, quote_text

FILE = "file that holds this row"


@dataclass(frozen=True, kw_only=True)
class ParquetFiles:
    """A parquet file, or the files of a glob that are one table; `folders` are columns that their folders name."""

    pattern: str
    folders: Typed = ()

    @property
    def text(self) -> str:
        """Return what DuckDB reads them by."""
        files = f"read_parquet({quote_text(self.pattern)}, hive_partitioning = false{_with_file(self.folders)})"
        return (
            f"(SELECT * EXCLUDE ({column(FILE).text}), {_values(self.folders)} FROM {files})" if self.folders else files
        )


@dataclass(frozen=True, kw_only=True)
class CsvFiles:
    """A CSV file, or the files of a glob that are one table: its columns in order, each with its type.

    A header, quotes doubled (RFC 4180), one delimiter; nothing is skipped, and no column is read that is not asked for.
    """

    pattern: str
    delimiter: str
    columns: Typed
    folders: Typed = ()

    @property
    def text(self) -> str:
        """Return what DuckDB reads them by."""
        values = ", ".join(f"{cast(kind, column(n).text)} AS {column(n).text}" for n, kind in self.columns)
        return f"(SELECT {values}{', ' if self.folders else ''}{_values(self.folders)} FROM {self.as_text})"

    @property
    def as_text(self) -> str:
        """Return what DuckDB reads them by, every value as it is written."""
        names = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name, _ in self.columns)
        return (
            f"read_csv({quote_text(self.pattern)}, auto_detect = false, header = true, skip = 0, comment = '', "
            f"delim = {quote_text(self.delimiter)}, quote = '\"', escape = '\"', nullstr = '', strict_mode = true, "
            f"hive_partitioning = false{_with_file(self.folders)}, columns = {{{names}}})"
        )


@dataclass(frozen=True, kw_only=True)
class JsonLines:
    """A file of one JSON object a line, or the files of a glob that are one table: each column with its SQL type.

    `texts` are the columns of text that are read as another type, as those of a CSV file are.
    """

    pattern: str
    columns: Typed
    texts: Typed = ()
    folders: Typed = ()

    @property
    def text(self) -> str:
        """Return what DuckDB reads them by."""
        kinds = dict(self.texts)
        values = ", ".join(
            f"{cast(kinds.get(n, 'string'), column(n).text)} AS {column(n).text}" for n, _ in self.columns
        )
        return f"(SELECT {values}{', ' if self.folders else ''}{_values(self.folders)} FROM {self.as_text})"

    @property
    def as_text(self) -> str:
        """Return what DuckDB reads them by, all text as it is written."""
        names = ", ".join(f"{quote_text(name)}: {quote_text(kind)}" for name, kind in self.columns)
        return (
            f"read_json({quote_text(self.pattern)}, format = 'newline_delimited', auto_detect = false, "
            f"hive_partitioning = false{_with_file(self.folders)}, columns = {{{names}}})"
        )


def _with_file(folders: Typed) -> str:
    return f", filename = {quote_text(FILE)}" if folders else ""


def _values(folders: Typed) -> str:
    """Return the columns that folders name, out of the path of each file."""
    return ", ".join(f"{cast(kind, _folder_value(name))} AS {column(name).text}" for name, kind in folders)


def _folder_value(name: str) -> str:
    path = quote_text(rf".*/\Q{name}\E=([^/]*)/")
    found = f"regexp_extract({column(FILE).text}, {path}, 1)"
    return f"nullif(url_decode({found}), {quote_text(MISSING)})"


def parquet_file(sql: Sql) -> str | None:
    """Return the path of the one parquet file that a query reads whole; None for any other query."""
    source = sql.whole
    if not isinstance(source, ParquetFiles) or source.folders or has_magic(source.pattern):
        return None
    return source.pattern if Path(source.pattern).is_file() else None


def by_file(sql: Sql) -> Mapping[str, Sql]:
    """Return, by its name, the query of each file that a query of a glob reads whole, in the order of the names."""
    source = sql.whole
    if not isinstance(source, ParquetFiles | CsvFiles | JsonLines):
        raise UsageError(
            "only files that are read whole can be told apart; name a glob without filters: past/*.parquet"
        )
    paths = sorted(glob(source.pattern, recursive=True))
    same = {Path(path).name for path in paths}
    named = {Path(path).name if len(same) == len(paths) else path: path for path in paths}
    return {name: all_rows(replace(source, pattern=escape(path))) for name, path in named.items()}
