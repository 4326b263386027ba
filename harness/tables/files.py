"""Files that a query reads, as values: which they are and how they are read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from glob import escape, glob, has_magic
from pathlib import Path

from harness.errors import UsageError
from harness.tables.csv_types import cast
from harness.tables.sql import Sql, all_rows, column, quote_text


@dataclass(frozen=True, kw_only=True)
class ParquetFiles:
    """A parquet file, or the files of a glob that are one table."""

    pattern: str

    @property
    def text(self) -> str:
        """Return what DuckDB reads them by."""
        return f"read_parquet({quote_text(self.pattern)})"


@dataclass(frozen=True, kw_only=True)
class CsvFiles:
    """A CSV file, or the files of a glob that are one table: its columns in order, each with its type.

    A header, quotes doubled (RFC 4180), one delimiter; nothing is skipped, and no column is read that is not asked for.
    """

    pattern: str
    delimiter: str
    columns: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """Return what DuckDB reads them by."""
        values = ", ".join(f"{cast(kind, column(n).text)} AS {column(n).text}" for n, kind in self.columns)
        return f"(SELECT {values} FROM {self.as_text})"

    @property
    def as_text(self) -> str:
        """Return what DuckDB reads them by, every value as it is written."""
        names = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name, _ in self.columns)
        return (
            f"read_csv({quote_text(self.pattern)}, auto_detect = false, header = true, skip = 0, comment = '', "
            f"delim = {quote_text(self.delimiter)}, quote = '\"', escape = '\"', nullstr = '', strict_mode = true, "
            f"hive_partitioning = false, columns = {{{names}}})"
        )


def parquet_file(sql: Sql) -> str | None:
    """Return the path of the one parquet file that a query reads whole; None for any other query."""
    source = sql.whole
    path = source.pattern if isinstance(source, ParquetFiles) and not has_magic(source.pattern) else None
    return path if path and Path(path).is_file() else None


def by_file(sql: Sql) -> Mapping[str, Sql]:
    """Return, by its name, the query of each file that a query of a glob reads whole, in the order of the names."""
    source = sql.whole
    if not isinstance(source, ParquetFiles | CsvFiles):
        raise UsageError(
            "only files that are read whole can be told apart; name a glob without filters: past/*.parquet"
        )
    paths = sorted(glob(source.pattern, recursive=True))
    same = {Path(path).name for path in paths}
    named = {Path(path).name if len(same) == len(paths) else path: path for path in paths}
    return {name: all_rows(replace(source, pattern=escape(path))) for name, path in named.items()}
