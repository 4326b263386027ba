"""The same suite on DuckDB, Delta, Postgres and Spark: the same verdicts."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

ROWS = 4_000
TABLES = ("today", "training", "customers")
SUITE = """
name: payments
data:
  today: {{{today}, id: id, label: fraud, time: at, window: 900d, exclude: {{channel: [test]}}}}
  training: {{{training}}}
  customers: {{{customers}}}
target: {{kind: table, config: {{data: today, score: score, operating_point: {{threshold: 0.6}}}}}}
steps:
  - check: data.schema
    with:
      columns:
        id: {{type: int64, unique: true}}
        amount: {{type: float64, min: 0, max: 400}}
        channel: {{type: string, in: [web, pos], nullable: true}}
        at: {{type: timestamp}}
        fraud: {{type: boolean}}
    require: {{violations: {{at_most: 0}}}}
  - check: data.schema
    name: more-rules
    with:
      columns:
        amount:
          nullable: true
          finite: true
          less_than: {{column: id}}
          not_equal: {{sum: [customer, score]}}
          equal: {{sum: [score, customer], within: 5}}
          minimum: {{greater_than: 0}}
          mean: {{min: 20, max: 60}}
          median: {{min: 200}}
          stdev: {{min: 1}}
          sum: {{min: 1}}
          quantiles: {{0.25: {{max: 100}}, 0.9: {{max: 10}}}}
        channel:
          not_in: ["it's"]
          matches: "^[wp]"
          not_matches: "b$"
          length: {{max: 3}}
          distinct: {{min: 3, max: 3}}
          distinct_share: {{min: 0.5}}
          includes: [web, app, 1]
        charged_back: {{missing: true}}
        customer: {{mean: {{min: 1}}, median: {{min: 1}}, stdev: {{max: 1}}, sum: {{max: 1}}}}
        at: {{maximum: {{less_than: 2026-01-03}}, not_equal: {{column: at}}}}
        fraud: {{mean: {{min: 0.1, max: 0.9}}, less_than: {{column: id}}, includes: [true, 1]}}
      patterns: {{'a.*': {{nullable: true, distinct: {{max: 2}}}}}}
      some_rows:
        - where: {{channel: web, amount: {{min: 20}}}}
          columns: {{amount: {{max: 30, mean: {{max: 5}}}}}}
          unique: [customer]
        - {{where: {{charged_back: {{missing: true}}}}, columns: {{fraud: {{equal: false}}}}}}
      unique: [customer, amount]
      ordered: true
      column_count: {{max: 8}}
    require: {{violations: {{at_most: 0}}}}
  - check: data.sql
    with:
      bad:
        pairs: "(channel, age_band) NOT IN (('web', 'old'), ('pos', 'young'), ('pos', 'old'))"
        far: "abs(customer - avg(customer) OVER ()) > 1.5 * stddev(customer) OVER ()"
        patterns: "regexp_matches(channel, '^w') AND at >= TIMESTAMP '2026-01-02' AND NOT isfinite(score)"
        repeated: "count(*) OVER (PARTITION BY customer) > 9 OR fraud AND extract(hour FROM at) > 20"
    require: {{violations: {{at_most: 0}}}}
  - check: data.references
    with: {{reference: customers, keys: {{customer: id}}}}
    require: {{orphans: {{at_most: 0}}}}
  - check: data.duplicates
    with: {{columns: [customer, amount]}}
    require: {{duplicates: {{at_most: 400}}}}
  - check: data.overlap
    with: {{reference: training, columns: [id]}}
    require: {{overlap: {{at_most: 0}}}}
  - check: data.parity
    with: {{reference: training, columns: {{amount: 20, channel: 0, fraud: 0}}}}
    require: {{mismatches: {{at_most: 10}}, unmatched: {{at_most: 4000}}}}
  - check: data.freshness
    require: {{age: {{at_most: 24}}, future: {{at_most: 0}}}}
  - check: data.leakage
    require: {{auc: {{at_most: 0.95}}}}
  - check: drift.columns
    with: {{reference: training, columns: [amount, channel, at]}}
    require: {{psi: {{at_most: 0.1, where: {{column: amount}}}}, missing: {{at_most: 0.2}}}}
  - check: bias.group_rates
    with: {{groups: [age_band], reference: young}}
    require: {{selection_rate_ratio: {{at_most: 1.5}}, fpr_gap: {{at_most: 0.2}}}}
  - check: quality.classifier
    by: [age_band]
    require: {{recall: {{at_least: 0.5}}, roc_auc: {{at_least: 0.6}}}}
"""
Command = Callable[..., Any]
FEW_PARTITIONS = "--conf spark.sql.shuffle.partitions=2 pyspark-shell"


def rows(seed: int) -> pa.Table:
    """Payments: amounts with gaps and NaN, a column that only frauds have, customers some of whom nobody knows."""
    chance = np.random.default_rng(seed)
    fraud = chance.random(ROWS) < 0.3
    amount = np.round(chance.lognormal(3 + 0.4 * seed, 1, ROWS), 2)
    amount[:5] = np.nan
    start = datetime(2026, 1, 1)
    return pa.table(
        {
            "id": np.arange(ROWS) + seed * 3_900,
            "amount": pa.array(amount, mask=chance.random(ROWS) < 0.1),
            "channel": pa.array(np.array(["web", "pos", "it's"])[chance.integers(0, 3, ROWS)]),
            "age_band": np.array(["young", "old"])[chance.integers(0, 2, ROWS)],
            "customer": chance.integers(0, 505, ROWS),
            "fraud": fraud,
            "charged_back": pa.array(["yes"] * ROWS, mask=~fraud),
            "score": np.clip(0.4 * fraud + 0.6 * chance.random(ROWS), 0, 1),
            "at": [start + timedelta(minutes=i) for i in range(ROWS)],
        }
    )


@dataclass(frozen=True)
class Place:
    """Writes a table where an engine reads it, and says how a suite names it."""

    name: str
    postgres: str = ""

    def holds(self, table: str, content: pa.Table, folder: Path) -> str:
        return getattr(self, f"_in_{self.name}")(table, content, folder)

    def _in_duckdb(self, table: str, content: pa.Table, folder: Path) -> str:
        pq.write_table(content, folder / f"{table}.parquet")
        return f"source: {table}.parquet"

    def _in_spark(self, table: str, content: pa.Table, folder: Path) -> str:
        pq.write_table(content, folder / f"{table}.parquet", row_group_size=500)
        return f"source: 'spark:./{table}.parquet', connection: 'local[2]'"

    def _in_delta(self, table: str, content: pa.Table, folder: Path) -> str:
        from deltalake import write_deltalake

        write_deltalake(folder / table, content.slice(0, 7))
        write_deltalake(folder / table, content, mode="overwrite")
        return f"source: 'delta:{table}'"

    def _in_postgres(self, table: str, content: pa.Table, folder: Path) -> str:
        import psycopg

        types = {"int64": "bigint", "double": "double precision", "string": "text", "bool": "boolean"}
        columns = ", ".join(f'"{f.name}" {types.get(str(f.type), "timestamp")}' for f in content.schema)
        text = io.BytesIO()
        pc.write_csv(content, text, pc.WriteOptions(include_header=False))
        with psycopg.connect(self.postgres, autocommit=True) as database:
            database.execute(f'DROP TABLE IF EXISTS "{table}"; CREATE TABLE "{table}" ({columns})')
            with database.cursor().copy(f'COPY "{table}" FROM STDIN (FORMAT csv)') as copy:
                copy.write(text.getvalue())
        return f"source: 'sql:public.{table}', connection: {{env: PAYMENTS_DB}}"


def verdicts(place: Place, folder: Path, harness: Command) -> list[tuple[object, ...]]:
    contents = {"today": rows(1), "training": rows(0), "customers": pa.table({"id": np.arange(500)})}
    (folder / f"{place.name}.suite.yaml").write_text(
        SUITE.format(**{name: place.holds(name, table, folder) for name, table in contents.items()})
    )
    done = harness("run", f"{place.name}.suite.yaml", "--as-of", "2026-01-04T12:00:00", "--out", f"out-{place.name}")
    assert done.code == 1, done.err + done.out
    found = json.loads((folder / f"out-{place.name}" / "payments" / "run.json").read_text())
    return sorted(shown(verdict) for verdict in found["verdicts"])


def shown(verdict: dict[str, Any]) -> tuple[object, ...]:
    estimate = verdict["estimate"] or {}
    numbers = [
        f"{estimate[name]:.9g}" for name in ("value", "lower", "upper", "n_eff") if estimate.get(name) is not None
    ]
    return (verdict["check"], verdict["metric"], str(verdict["labels"]), verdict["outcome"], *numbers)


@pytest.mark.heavy
@pytest.mark.parametrize("engine", ["delta", "postgres", "spark"])
def test_every_engine_gives_the_verdicts_that_duckdb_gives(
    engine: str, project: Path, harness: Command, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = request.getfixturevalue("postgres") if engine == "postgres" else ""
    monkeypatch.setenv("PAYMENTS_DB", url)
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", FEW_PARTITIONS)
    expected = verdicts(Place("duckdb"), project, harness)

    actual = verdicts(Place(engine, url), project, harness)

    assert expected == actual
    assert "error" not in {verdict[3] for verdict in actual}


SPIKY = """
name: spiky
data: {{today: {{{today}}}, training: {{{training}}}}}
target: {{kind: table, config: {{data: today}}}}
steps:
  - check: drift.columns
    with: {{reference: training, columns: [x, at]}}
    require: {{ks: {{at_most: 0.05}}}}
"""


def spiky(seed: int) -> pa.Table:
    """Rows of which a third share a number and a moment, amid more others than there are bins."""
    chance, size = np.random.default_rng(seed), 30_000
    shared = chance.random(size) < 0.3
    times = np.where(shared, 10**15, chance.integers(0, 2 * 10**15, size))
    numbers = np.where(shared, 37.42, chance.uniform(0, 200, size))
    return pa.table({"x": numbers, "at": pa.array(times, pa.timestamp("us"))})


@pytest.mark.heavy
@pytest.mark.parametrize("engine", ["delta", "postgres", "spark"])
def test_every_engine_counts_values_that_many_rows_share_apart(
    engine: str, project: Path, harness: Command, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = request.getfixturevalue("postgres") if engine == "postgres" else ""
    monkeypatch.setenv("PAYMENTS_DB", url)
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", FEW_PARTITIONS)
    found = []

    for place in (Place("duckdb"), Place(engine, url)):
        named = {name: place.holds(name, spiky(seed), project) for seed, name in enumerate(("today", "training"))}
        (project / "spiky.suite.yaml").write_text(SPIKY.format(**named))
        assert 0 == harness("run", "spiky.suite.yaml", "--out", place.name).code
        run = json.loads((project / place.name / "spiky" / "run.json").read_text())
        found.append([shown(verdict) for verdict in run["verdicts"]])

    assert found[0] == found[1]


DYING = """
name: dying
data: {here: {source: here.parquet}, there: {source: 'spark:./here.parquet', connection: 'local[1]'}}
target: {kind: table, config: {data: here}}
steps:
  - check: vandal.kill
  - {check: data.volume, name: here, require: {rows: {at_least: 1}}}
  - {check: vandal.late, name: there, with: {data: there}, require: {rows: {at_least: 1}}}
"""
VANDAL = """
import os, signal
from harness import Dataset, Measurement, check, hookimpl, samples

@check("vandal.kill", exclusive=True)
def kill(data: Dataset):
    from pyspark import SparkContext
    os.kill(SparkContext._gateway.proc.pid, signal.SIGKILL)
    SparkContext._gateway.proc.wait()
    return []

@check("vandal.late", exclusive=True)
def late(data: Dataset):
    rows = sum(batch.num_rows for batch in data.batches())
    yield Measurement(metric="rows", sample=samples.exact(value=rows, n=rows))

@hookimpl
def harness_checks():
    return {"vandal.kill": kill, "vandal.late": late}
"""


@pytest.mark.heavy
def test_a_spark_session_that_dies_is_an_error_of_its_step_and_the_others_are_measured(
    project: Path, installed: Command
) -> None:
    pq.write_table(rows(0), project / "here.parquet")
    (project / "vandal.py").write_text(VANDAL)
    (project / "pyproject.toml").write_text('[tool.harness]\nproject = "demo"\nplugins = ["vandal"]\n')
    (project / "dying.suite.yaml").write_text(DYING)

    done = installed("run", "dying.suite.yaml", "--out", "out", PYSPARK_SUBMIT_ARGS=FEW_PARTITIONS)

    assert done.code == 3, done.err
    found = json.loads((project / "out" / "dying" / "run.json").read_text())["verdicts"]
    assert {"here": "pass", "there": "error"} == {verdict["step"]: verdict["outcome"] for verdict in found}
    reason = next(verdict["reason"] for verdict in found if verdict["step"] == "there")
    assert reason.startswith(f"spark:{project}/here.parquet: ")
    assert "is the engine still running?" in reason


@pytest.mark.heavy
def test_a_password_is_in_no_record_report_or_message(
    project: Path, harness: Command, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYMENTS_DB", postgres)
    source = Place("postgres", postgres).holds("today", rows(0), project)
    suite = project / "secret.suite.yaml"
    text = f"""
name: secret
data: {{today: {{{source}}}}}
target: {{kind: table, config: {{data: today}}}}
steps: [{{check: data.volume, require: {{rows: {{at_least: 1}}}}}}]
"""
    suite.write_text(text)

    kept = harness("run", suite, "--out", "out", "--report", "html")
    suite.write_text(text.replace("public.today", "public.gone"))
    failed = harness("run", suite)
    monkeypatch.setenv("PAYMENTS_DB", postgres.replace("/postgres?", "/nowhere?"))
    away = harness("run", suite)

    password = postgres.split(":")[2].split("@")[0]
    files = [path for path in project.rglob("*") if path.is_file()]
    assert (0, 3, 3) == (kept.code, failed.code, away.code)
    assert "gone" in failed.err
    assert not [path for path in files if password.encode() in path.read_bytes()]
    assert password not in "".join([kept.out, kept.err, failed.out, failed.err, away.out, away.err])


@pytest.mark.heavy
def test_rows_in_postgres_take_labels_from_a_file(project: Path, postgres: str) -> None:
    from datetime import UTC

    from harness.data.declarations import Source
    from harness.data.row_filters import Clock
    from harness.data.sources import open_dataset

    content = rows(0)
    source = Place("postgres", postgres).holds("today", content.drop_columns(["fraud"]), project)
    pq.write_table(content.select(["id", "fraud"]), project / "labels.parquet")
    labels = {"source": "labels.parquet", "on": "id", "column": "fraud"}
    declared = {"source": source.split("'")[1], "connection": postgres, "labels": labels}

    data = open_dataset("today", Source.model_validate(declared), project, Clock(as_of=datetime.now(UTC)))

    assert content.num_rows == data.size
    joined = data.rows(["id", "fraud"]).sort_by("id")
    assert content["fraud"].to_pylist() == joined["fraud"].to_pylist()
