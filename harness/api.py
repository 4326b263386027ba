"""The Python front door: run a suite from a notebook or a script."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.credentials import refuse_credentials
from harness.errors import UsageError, did_you_mean
from harness.files import write_atomic
from harness.judging.views import RunView
from harness.plugins.calling import open_door
from harness.project import open_project
from harness.records.evidence_store import open_bundle
from harness.records.finding import find_run
from harness.records.row_digests import content_digest
from harness.records.runs import as_json
from harness.running.options import RunOptions, RunServices
from harness.running.runner import run_suite
from harness.suite.steps import resolve
from harness.suite.suites import Suite, read_suite
from harness.values.calls import Replay


def run(
    path: str | Path,
    *,
    params: Mapping[str, str] | None = None,
    data: Mapping[str, object] | None = None,
    as_of: datetime | None = None,
    replay: Replay | None = None,
    budget: str | None = None,
) -> RunView:
    """Return the run of one suite; `data` puts frames (pandas, polars, Arrow) in place of its tables.

    `replay` and `budget` are of calls to language models, as `harness run` has them. Such a run is
    `origin: interactive`: it is not recorded and no gate accepts it. UsageError if this process has a key, or what
    opens the project's ledger: the suite's code could read them.
    """
    project = open_project()
    refuse_credentials("harness.run", os.environ, project.signer(os.environ), project.ledger_url(None))
    settings, plugins = project.settings, project.plugins
    suite = _with_frames(read_suite(Path(path), params), data or {}, settings.store / "frames")
    options = RunOptions(project=settings.project, as_of=as_of or datetime.now(UTC), origin="interactive")
    with open_door(settings, replay, budget, os.environ) as door:
        services = RunServices(evidence_store=open_bundle(settings.store / "evidence"), door=door)
        found = run_suite(resolve(suite, plugins), plugins, options, services)
        if door:
            door.keep()
    return RunView(found)


def recorded_run(key: str, ledger: str | None = None) -> dict[str, Any]:
    """Return a run of the project's ledger as `run.json` has it; `key` starts its id or digest, or is `latest`."""
    book = open_project().ledger(ledger)
    (found,) = book.read_runs([find_run(book.entries("run"), key)])
    return as_json(found)


def _with_frames(suite: Suite, frames: Mapping[str, object], folder: Path) -> Suite:
    sources = dict(suite.data)
    for name, frame in frames.items():
        if name not in sources:
            raise UsageError(f"suite {suite.name!r} has no dataset {name!r}{did_you_mean(name, sources)}")
        sources[name] = sources[name].model_copy(update={"source": str(_write_parquet(_arrow(name, frame), folder))})
    return suite.model_copy(update={"data": sources})


def _arrow(name: str, frame: object) -> pa.Table:
    if not hasattr(frame, "__arrow_c_stream__"):
        raise UsageError(f"data {name!r} is a {type(frame).__name__}; give a pandas, polars or Arrow table")
    return pa.table(frame)


def _write_parquet(table: pa.Table, folder: Path) -> Path:
    path = folder / f"{content_digest(table).rsplit(':', 1)[1]}.parquet"
    if not path.exists():
        buffer = BytesIO()
        pq.write_table(table, buffer)
        write_atomic(path, buffer.getvalue())
    return path
