"""Where each step puts its files; every one appears whole or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of one folder, by what they hold."""

    folder: Path

    @property
    def transactions(self) -> Path:
        """Return the payments with their labels, as simulated."""
        return self.folder / "transactions.parquet"

    @property
    def chargebacks(self) -> Path:
        """Return the frauds reported when the data close."""
        return self.folder / "chargebacks.parquet"

    @property
    def features(self) -> Path:
        """Return the payments with features and labels."""
        return self.folder / "features.parquet"

    @property
    def training(self) -> Path:
        """Return the rows models learn from, with labels."""
        return self.folder / "training.parquet"

    @property
    def validation(self) -> Path:
        """Return the rows that set the operating point, with labels."""
        return self.folder / "validation.parquet"

    @property
    def mature_rows(self) -> Path:
        """Return the rows that judge a model, without labels."""
        return self.folder / "matured.parquet"

    @property
    def tracking_uri(self) -> str:
        """Return the MLflow store."""
        return f"sqlite:///{self.folder.resolve() / 'mlflow.db'}"

    @property
    def artifacts(self) -> str:
        """Return where MLflow keeps the models of that store."""
        return (self.folder.resolve() / "mlartifacts").as_uri()


@contextmanager
def parquet_writer(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Give a function that appends a row group; the file takes its name when all are written."""
    unfinished = path.with_name(path.name + ".unfinished")
    writer: pq.ParquetWriter | None = None

    def append(table: pa.Table) -> None:
        nonlocal writer
        if writer is None:
            writer = pq.ParquetWriter(unfinished, table.schema)
        if len(table):
            writer.write_table(table)

    try:
        yield append
        if writer is None:
            raise ValueError(f"nothing to write to {path}: no table was given")
        writer.close()
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write one table."""
    with parquet_writer(path) as append:
        append(table)


def read_between(path: Path, begin: datetime, end: datetime) -> pa.Table:
    """Return the rows of a parquet file from begin up to, but not at, end."""
    tx_time = pc.field("tx_time")
    return pq.read_table(path, filters=(tx_time >= pa.scalar(begin)) & (tx_time < pa.scalar(end)))


def time_range(path: Path, made_by: str) -> tuple[datetime, datetime]:
    """Return the midnight that opens the first day of a time-ordered file and the one that closes its last."""
    if not path.is_file():
        raise ValueError(f"{path} is missing; `fraud-target {made_by}` with the same --out writes it")
    footer = pq.read_metadata(path)
    if not footer.num_rows:
        raise ValueError(f"{path} holds no payments; simulate more customers or days")
    column = footer.schema.names.index("tx_time")
    first = footer.row_group(0).column(column).statistics.min
    last = footer.row_group(footer.num_row_groups - 1).column(column).statistics.max
    return _midnight(first), _midnight(last) + timedelta(days=1)


def _midnight(instant: datetime) -> datetime:
    """Return the start of an instant's day."""
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
