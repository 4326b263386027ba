"""Questions to whatever engine holds the rows, and their answers in Arrow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from harness.errors import HarnessError
from harness.tables import scan
from harness.tables.sql import Sql


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question that is asked each time an answer is wanted; what it reads stands in `sql.sources`."""

    sql: Sql

    def one(self) -> Mapping[str, Any]:
        """Return the only row there is, by the names of its columns."""
        found = self.table()
        if found.num_rows != 1:
            raise HarnessError(f"{self.sql.text!r} has {found.num_rows} rows, and one was asked for")
        row: Mapping[str, Any] = found.to_pylist()[0]
        return row

    def table(self) -> pa.Table:
        """Return all rows as one Arrow table."""
        return scan.table(self.sql)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in Arrow batches; memory does not grow with their number."""
        return scan.batches(self.sql)
