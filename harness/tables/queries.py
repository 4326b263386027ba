"""Questions to whatever engine holds the rows, and their answers in Arrow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from harness.errors import HarnessError
from harness.tables import scan
from harness.tables.sql import Sql


def _value(name: str, values: pa.ChunkedArray) -> Any:
    try:
        return values[0].as_py()
    except (OverflowError, ValueError, pa.ArrowException) as error:
        raise HarnessError(
            f"{name} of type {values.type} cannot be shown ({error}): it is before the year 1, after 9999 or infinite; "
            f"repair or exclude the rows that hold it"
        ) from error


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question that is asked each time an answer is wanted; what it reads stands in `sql.sources`."""

    sql: Sql

    def one(self) -> Mapping[str, Any]:
        """Return the only row there is, by the names of its columns."""
        found = self.table()
        if found.num_rows != 1:
            raise HarnessError(f"{self.sql.text!r} has {found.num_rows} rows, and one was asked for")
        return {name: _value(name, found[name]) for name in found.column_names}

    def table(self) -> pa.Table:
        """Return all rows as one Arrow table."""
        return scan.table(self.sql)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in Arrow batches; memory does not grow with their number."""
        return scan.batches(self.sql)
