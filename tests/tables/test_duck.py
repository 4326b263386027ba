"""The one DuckDB of a process: what it keeps between queries."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness.tables import duck


def test_a_table_that_was_read_does_not_stay_in_memory(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [float(number) for number in range(200_000)]}), tmp_path / "rows.parquet")
    cursor = duck.cursor()

    assert (200_000,) == cursor.execute(f"SELECT count(DISTINCT x) FROM '{tmp_path}/rows.parquet'").fetchone()

    kept = "SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = 'EXTERNAL_FILE_CACHE'"
    assert (0,) == cursor.execute(kept).fetchone()
