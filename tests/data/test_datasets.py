"""A dataset is asked in SQL with placeholders, whatever its columns are called."""

import pickle
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import Dataset, HarnessError, OperatingPoint, UsageError, add_decisions, column, literal, open_table, sql
from harness.data.datasets import verify
from harness.data.declarations import Labels, Source
from harness.data.row_filters import Clock
from harness.data.sources import open_dataset
from harness.testing import dataset

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ('a"b', "it's", "{rows}", "harness_table('sql:t', '')", "read_csv('x.csv')", "rows", "id of rows")


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def data(name: str) -> Dataset:
    return dataset({"key": [1, 2, 3], name: [0.5, None, 2.0], "other": ["x", "y", "y"]}, id="key")


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), None])
def test_a_weight_is_0_or_more_in_every_row_whatever_is_measured(weight: float | None) -> None:
    data = dataset({"id": [1, 2], "w": [1.0, weight]}, id="id", weight="w")

    with pytest.raises(HarnessError, match="1 of 2 rows have no usable weight.*infinite or below 0"):
        verify(data)


def test_a_question_names_any_column(data: Dataset, name: str) -> None:
    found = data.query("SELECT count(*) AS n FROM {rows} WHERE {c} IS NULL", c=name)

    assert {"n": 1} == found.one()
    assert [{"n": 1}] == found.table().to_pylist()
    assert [1] == [row["n"] for batch in found.batches() for row in batch.to_pylist()]


def test_a_value_in_a_question_is_a_value(data: Dataset, name: str) -> None:
    asked = dataset({"text": [name, "y"]}).query(
        "SELECT count(*) AS n FROM {rows} WHERE {text} = {v}", text="text", v=literal(name)
    )

    assert 1 == asked.one()["n"]


def test_rows_are_narrowed_widened_and_sampled_by_any_column(data: Dataset, name: str) -> None:
    some = data.where("{c} > {least}", c=name, least=literal(1)).with_column(f"{name} again", "{c} * 2", c=name)

    assert {f"{name} again": [4.0]} == some.rows([f"{name} again"]).to_pydict()
    assert {"id": [1, 3], "y": [0.5, 2.0]} == data.observations(y="{c}", where="{c} > 0", c=name).to_pydict()


def test_every_role_is_played_by_any_column(name: str) -> None:
    rows = {name: [1, 2], "label": [0, 1], f"{name}2": ["a", "b"], f"{name}3": [0.5, 0.25]}
    played = dataset(rows, id=name, cluster=f"{name}2", score=f"{name}3")

    verified = verify(add_decisions(played, OperatingPoint(threshold=0.3), None))

    assert [1, 0] == verified.query("SELECT {decision} AS d FROM {rows} ORDER BY {id}").table()["d"].to_pylist()
    assert ["id", f"cluster.{name}2", "y"] == verified.observations(y="{label}").column_names


def test_labels_join_by_any_column(tmp_path: Path, name: str) -> None:
    pq.write_table(pa.table({name: [1, 2, 3], "skip": ["it's", "", ""]}), tmp_path / "rows.parquet")
    pq.write_table(pa.table({name: [2, 3], f"{name} label": [1, 1]}), tmp_path / "labels.parquet")
    labels = Labels(source="labels.parquet", on=name, column=f"{name} label", absent_is=0)

    joined = open_dataset(
        "d", Source(source="rows.parquet", labels=labels, exclude={"skip": ["it's"]}), tmp_path, Clock(as_of=NOW)
    )

    assert {name: [2, 3], f"{name} label": [1, 1]} == joined.rows([name, f"{name} label"]).to_pydict()
    assert ("without 1 rows where skip is it's",) == joined.filters


def test_a_list_of_columns_other_rows_and_other_questions_fill_a_place(data: Dataset, name: str) -> None:
    groups = data.query("SELECT {names}, count(*) AS times FROM {rows} GROUP BY {names}", names=[name, "other"])

    found = data.query("SELECT sum(times) AS n, count(*) AS k FROM {groups}", groups=groups)
    twice = data.query("SELECT count(*) AS n FROM {rows} l JOIN {again} r ON l.{id} = r.{id}", again=data)

    assert ({"n": 3, "k": 3}, {"n": 3}) == (found.one(), twice.one())


def test_a_column_that_is_not_there_is_named_with_the_nearest() -> None:
    data = dataset({"amount": [1]})

    for ask in (
        lambda: data.query("SELECT {c} FROM {rows}", c="amonut"),
        lambda: data.observations(y="{c}", c="amonut"),
    ):
        with pytest.raises(UsageError, match="has no column 'amonut'; did you mean 'amount'"):
            ask()


def test_a_role_that_nobody_plays_is_named_with_the_key_that_declares_it() -> None:
    with pytest.raises(UsageError, match="declares no 'label' column; add `label: COLUMN` to it"):
        dataset({"x": [1]}).observations(y="{label}")


@pytest.mark.parametrize("rows", [{"x": [1, 2]}, {"x": pa.array([], pa.int64())}])
def test_one_row_is_one(rows: dict[str, list[int]]) -> None:
    with pytest.raises(HarnessError, match="rows, and one was asked for"):
        dataset(rows).query("SELECT * FROM {rows}").one()


def test_a_dataset_is_a_value_that_other_processes_read(data: Dataset) -> None:
    sent = pickle.loads(pickle.dumps(data.where("{key} > 1", key="key")))

    assert [2, 3] == sorted(sent.rows(["key"])["key"].to_pylist())
    assert (sent, hash(sent.sql)) == (data.where("{key} > 1", key="key"), hash(sent.sql))


def test_a_new_column_never_takes_the_name_of_another_whatever_its_case() -> None:
    """`Decision` and `decision` are one to SQL: the rows' own decision would be judged."""
    data = dataset({"id": [1, 2], "Decision": [0, 0], "score": [0.9, 0.1]})

    decided = add_decisions(data, OperatingPoint(threshold=0.5), None)

    assert "decision at operating point" == decided.column("decision")
    assert [1, 0] == decided.query("SELECT {decision} AS d FROM {rows} ORDER BY {id}").table()["d"].to_pylist()
    with pytest.raises(UsageError, match="has the column 'Decision' already, so none can be added as 'DECISION'"):
        data.with_column("DECISION", "1")


def test_labels_never_take_the_name_of_another_column(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1, 2], "Fraud": [0, 0]}), tmp_path / "rows.parquet")
    pq.write_table(pa.table({"id": [1, 2], "fraud": [1, 1]}), tmp_path / "labels.parquet")
    labels = Labels(source="labels.parquet", on="id", column="fraud")

    with pytest.raises(HarnessError, match="with its labels has the columns 'Fraud' and 'fraud'"):
        open_dataset("d", Source(source="rows.parquet", labels=labels), tmp_path, Clock(as_of=NOW))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", "a"), "has column 'a' twice, which SQL cannot tell apart; rename one of them"),
        (("Amount", "amount"), "has the columns 'Amount' and 'amount', which SQL cannot tell apart"),
    ],
)
def test_a_column_twice_is_refused_where_the_table_is_opened(
    tmp_path: Path, names: tuple[str, str], message: str
) -> None:
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=list(names)), tmp_path / "t.parquet")

    with pytest.raises(HarnessError, match=f"t.parquet {message}"):
        open_table("t.parquet", tmp_path, NOW)


def test_a_csv_file_with_names_that_differ_in_case_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Amount,amount\n1,2\n")

    with pytest.raises(HarnessError, match="t.csv has the columns 'Amount' and 'amount'"):
        open_table("t.csv", tmp_path, NOW)


def test_letters_that_sql_tells_apart_are_two_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"É": [1], "é": [2]}), tmp_path / "t.parquet")

    assert {"É": [1], "é": [2]} == open_table("t.parquet", tmp_path, NOW).rows().to_pydict()


def test_a_csv_header_that_looks_like_a_table_is_a_header(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id;harness_table('sql:public.t', '');read_csv('t.csv');\"a\"\"b\"\n1;x;y;z\n")

    found = open_table("t.csv", tmp_path, NOW).rows()

    assert ["id", "harness_table('sql:public.t', '')", "read_csv('t.csv')", 'a"b'] == found.column_names


def test_expressions_that_the_code_composed_fill_a_place(data: Dataset, name: str) -> None:
    known = sql("{c} IS NOT NULL", c=column(name))

    assert 2 == replace(data, sql=data.query("SELECT * FROM {rows} WHERE {known}", known=known).sql).size
