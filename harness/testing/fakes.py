"""Targets and datasets made of a few rows, so that a plugin's tests need no service and no suite."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.data.datasets import Dataset, Roles
from harness.errors import UsageError, did_you_mean
from harness.tables import scan
from harness.values.identity import Identity

# A dict of columns, or a table that speaks Arrow: pyarrow, pandas, polars.
Rows = Mapping[str, Sequence[Any]] | Any
ROLES = tuple(item.name for item in fields(Roles))


def dataset(rows: Rows, name: str = "data", **roles: Any) -> Dataset:
    """Return rows as a dataset; a column named like a role plays it, unless `roles` says otherwise."""
    if isinstance(rows, Dataset):
        return rows.with_roles(**roles)
    path = _write_parquet(_arrow(rows))
    digest = scan.digest(str(path))
    found = Dataset(name=name, uri=path.name, digest=digest, sql=scan.rows_of(str(path)))
    by_name = {role: column for role in ROLES if (column := role) in found.columns}
    chosen = {**by_name, **roles}
    if "cluster" in chosen:
        named = chosen["cluster"]
        chosen["cluster"] = (named,) if isinstance(named, str) else tuple(named)
    return found.with_roles(**chosen)


@dataclass(frozen=True, kw_only=True)
class FakeTarget:
    """A target that is a few rows: its dataset "data", further `datasets` by name, and who it says it is."""

    rows: Rows | None = None
    id: str | None = None
    label: str | None = None
    score: str | None = None
    decision: str | None = None
    time: str | None = None
    weight: str | None = None
    human: str | None = None
    cluster: str | tuple[str, ...] = ()
    datasets: Mapping[str, Rows] = field(default_factory=dict)
    revision: str = "fake"
    digest: str | None = None
    url: str | None = None

    def identity(self) -> Identity:
        """Return the revision and digest it was given."""
        return Identity(revision=self.revision, digest=self.digest)

    def dataset(self, name: str) -> Dataset:
        """Return its rows with its roles as "data", others as they are."""
        known = {**({} if self.rows is None else {"data": self.rows}), **self.datasets}
        if name not in known:
            raise UsageError(f"FakeTarget has no dataset {name!r}{did_you_mean(name, known)}")
        return dataset(known[name], name, **(self.roles() if name == "data" else {}))

    def roles(self) -> Mapping[str, Any]:
        """Return the roles it was given."""
        return {role: getattr(self, role) for role in ROLES if getattr(self, role)}


def _arrow(rows: Rows) -> pa.Table:
    if isinstance(rows, Mapping) or hasattr(rows, "__arrow_c_stream__"):
        return pa.table(rows)
    raise UsageError(f"rows are a {type(rows).__name__}; give a dict of columns, or a pandas, polars or Arrow table")


def _write_parquet(table: pa.Table) -> Path:
    """Write rows where a run would read them from: a parquet file, named by its content."""
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer)
    content = buffer.getvalue().to_pybytes()
    path = Path(_folder().name) / f"{hashlib.sha256(content).hexdigest()[:16]}.parquet"
    if not path.exists():
        path.write_bytes(content)
    return path


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="harness-testing-")
