from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from conftest import scored_rows
from harness.data.datasets import Dataset, verify
from harness.data.declarations import Source, duration
from harness.data.row_filters import Clock
from harness.data.sources import open_dataset
from harness.errors import HarnessError, UsageError

AS_OF = datetime(2026, 1, 31, tzinfo=UTC)


def write(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def opened(folder: Path, as_of: datetime = AS_OF, **keys: object) -> Dataset:
    return open_dataset("d", Source.model_validate(keys), folder, Clock(as_of=as_of))


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    pq.write_table(scored_rows(400), tmp_path / "rows.parquet")
    return tmp_path


def test_labels_are_joined_by_id_and_the_absent_get_their_label(tmp_path: Path) -> None:
    write(tmp_path / "rows.parquet", id=[1, 2, 3])
    write(tmp_path / "late.parquet", key=[2], fraud=[1])
    labels = {"source": "late.parquet", "on": "key", "column": "fraud", "absent_is": 0}

    data = opened(tmp_path, source="rows.parquet", id="id", labels=labels)

    assert {1: 0, 2: 1, 3: 0} == dict(zip(*data.rows(["id", "fraud"]).to_pydict().values(), strict=True))
    assert data.roles.label == "fraud"


def test_a_row_without_label_is_an_error_when_nothing_says_what_absence_means(tmp_path: Path) -> None:
    write(tmp_path / "rows.parquet", id=[1, 2, 3])
    write(tmp_path / "late.parquet", id=[2, 3], fraud=[1, 0])

    data = opened(
        tmp_path, source="rows.parquet", id="id", labels={"source": "late.parquet", "on": "id", "column": "fraud"}
    )

    with pytest.raises(HarnessError, match="1 of 3 rows have no usable label in column 'fraud'"):
        verify(data)


def test_labels_that_name_a_row_twice_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "rows.parquet", id=[1, 2, 3])
    write(tmp_path / "late.parquet", id=[2, 2], fraud=[1, 0])

    with pytest.raises(HarnessError, match=r"dataset 'd': labels late\.parquet hold 2 rows for 1 values of id"):
        opened(
            tmp_path, source="rows.parquet", id="id", labels={"source": "late.parquet", "on": "id", "column": "fraud"}
        )


def test_rows_younger_than_the_maturity_of_labels_are_left_out(rows: Path) -> None:
    data = opened(rows, datetime(2026, 1, 11, tzinfo=UTC), source="rows.parquet", time="at", mature_after="7d")

    assert 3 * 24 == data.size
    assert datetime(2026, 1, 3, 23, tzinfo=UTC) == data.latest


def test_a_window_counts_back_from_the_last_ripe_moment(rows: Path) -> None:
    data = opened(
        rows, datetime(2026, 1, 11, tzinfo=UTC), source="rows.parquet", time="at", mature_after="7d", window="1d"
    )

    assert 24 == data.size


@pytest.mark.parametrize("keys", [{"mature_after": "7d"}, {"window": "5d"}, {"window": "1d", "mature_after": "36h"}])
def test_filters_of_a_day_or_more_give_the_same_rows_all_day(rows: Path, keys: dict[str, str]) -> None:
    night, evening = (datetime(2026, 1, 11, hour, 59, tzinfo=UTC) for hour in (0, 23))

    found = [opened(rows, moment, source="rows.parquet", time="at", **keys) for moment in (night, evening)]

    assert found[0].filters == found[1].filters
    assert found[0].rows(["id"]) == found[1].rows(["id"])


@pytest.mark.parametrize(
    ("keys", "latest"),
    [({"window": "6h"}, 11), ({"window": "6h", "mature_after": "2d"}, 9), ({"mature_after": "0d"}, 11), ({}, 17)],
)
def test_shorter_windows_end_at_the_start_of_the_run(rows: Path, keys: dict[str, str], latest: int) -> None:
    data = opened(rows, datetime(2026, 1, 11, 15, 30, tzinfo=UTC), source="rows.parquet", time="at", **keys)

    assert datetime(2026, 1, latest, 15, tzinfo=UTC) == data.latest


def test_a_watch_sees_the_rows_up_to_its_start(rows: Path) -> None:
    clock = Clock(as_of=datetime(2026, 1, 11, 15, 30, tzinfo=UTC), by_day=False)

    data = open_dataset("d", Source(source="rows.parquet", time="at", window=timedelta(days=2)), rows, clock)

    assert (48, datetime(2026, 1, 11, 15, tzinfo=UTC)) == (data.size, data.latest)


def test_how_old_rows_are_is_told_from_those_up_to_the_start(rows: Path) -> None:
    moment = datetime(2026, 1, 11, 15, 30, tzinfo=UTC)

    data = opened(rows, moment, source="rows.parquet", time="at", window="2d")

    assert datetime(2026, 1, 10, 23) == max(data.rows(["at"])["at"].to_pylist())
    assert datetime(2026, 1, 11, 15) == max(data.rows_at_start().rows(["at"])["at"].to_pylist())


def test_the_recorded_filter_is_the_span_of_the_rows_kept_not_the_clock(rows: Path) -> None:
    keys = {"source": "rows.parquet", "time": "at", "window": "40d"}

    early, late = (opened(rows, AS_OF + timedelta(minutes=m), **keys) for m in (0, 7))

    assert early.filters == late.filters
    assert ("at from 2026-01-01T00:00:00+00:00 to 2026-01-17T15:00:00+00:00",) == early.filters


def test_excluded_rows_are_counted_and_missing_values_stay(tmp_path: Path) -> None:
    write(tmp_path / "rows.parquet", id=[1, 2, 3], status=["ok", "declined", None])

    data = opened(tmp_path, source="rows.parquet", exclude={"status": ["declined"]})

    assert ("without 1 rows where status is declined",) == data.filters
    assert [1, 3] == data.rows(["id"])["id"].to_pylist()


@pytest.mark.parametrize(("values", "kept"), [([None], [1, 2]), (["declined", None], [1])])
def test_rows_with_a_missing_value_are_left_out_where_null_is_named(
    tmp_path: Path, values: list[str | None], kept: list[int]
) -> None:
    write(tmp_path / "rows.parquet", id=[1, 2, 3], status=["ok", "declined", None])

    data = opened(tmp_path, source="rows.parquet", exclude={"status": values})

    assert kept == data.rows(["id"])["id"].to_pylist()
    assert "missing" in data.filters[0]


@pytest.mark.parametrize(
    ("values", "meanings"),
    [
        (["fraud", "legit", "Fraud", "legit"], {"fraud": 1, "Fraud": 1, "legit": 0}),
        ([1, -1, 1, -1], {"1": 1, "-1": 0}),
        ([True, False, True, False], {"true": 1, "false": 0}),
        (["it's", 'a "b"', "it's", 'a "b"'], {"it's": 1, 'a "b"': 0}),
    ],
)
def test_label_values_say_which_rows_are_1(tmp_path: Path, values: list[object], meanings: dict[str, int]) -> None:
    write(tmp_path / "rows.parquet", id=[1, 2, 3, 4], y=values, z=[0.5] * 4)

    data = verify(opened(tmp_path, source="rows.parquet", id="id", label="y", label_values=meanings))

    assert {"id": [1, 2, 3, 4], "y": [1, 0, 1, 0], "z": [0.5] * 4} == data.rows().to_pydict()


def test_label_values_are_read_of_labels_in_a_table_of_their_own(tmp_path: Path) -> None:
    write(tmp_path / "rows.parquet", id=[1, 2, 3])
    write(tmp_path / "late.parquet", key=[2], said=["fraud"])
    labels = {"source": "late.parquet", "on": "key", "column": "said", "absent_is": "none"}

    data = opened(tmp_path, source="rows.parquet", id="id", labels=labels, label_values={"fraud": 1, "none": 0})

    assert [0, 1, 0] == verify(data).query("SELECT {label} AS y FROM {rows} ORDER BY id").table()["y"].to_pylist()


def test_a_label_that_no_meaning_is_given_for_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "rows.parquet", id=[1, 2, 3, 4], y=["fraud", "legit", "disputed", None])
    declared = {"source": "rows.parquet", "id": "id", "label_values": {"fraud": 1, "legit": 0}}

    with pytest.raises(HarnessError, match="and 1 of 4 rows hold another value in 'y', as 'disputed'; name it there"):
        opened(tmp_path, label="y", **declared)
    with pytest.raises(UsageError, match="there is no label; add `label: COLUMN`"):
        opened(tmp_path, **declared)
    with pytest.raises(HarnessError, match="1 of 3 rows have no usable label"):
        verify(opened(tmp_path, label="y", exclude={"y": ["disputed"]}, **declared))


@pytest.mark.parametrize("meanings", [{}, {"fraud": 1}, {"fraud": 1, "legit": 1}, {"fraud": 1, "legit": 2}])
def test_label_values_without_both_classes_are_refused(meanings: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="label_values"):
        Source.model_validate({"source": "rows.parquet", "label": "y", "label_values": meanings})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"source": "nope.parquet"}, "no file at .*nope.parquet"),
        ({"source": "rows.xlsx"}, "sources are .parquet, .profile, .csv, .tsv, .jsonl, .ndjson files and globs"),
        ({"source": "delta:table"}, "no Delta table at .*table"),
        ({"source": "s3://bucket/rows.parquet"}, "cannot read 's3://bucket/rows.parquet'.* sql:TABLE, spark:TABLE"),
        ({"source": "postgres://ann:pass@host/db"}, r"cannot read 'postgres://\*\*\*@host/db'"),
        ({"source": "rows.parquet", "connection": "x"}, "is read without a connection; leave out `connection`"),
        ({"source": "sql:rows"}, "needs `connection: {env: NAME}`"),
        ({"source": "sql:rows'"}, "names no table; write sql:TABLE, without quotes"),
        ({"source": "rows.parquet", "id": "idd"}, "has no column 'idd'; did you mean 'id'?"),
        ({"source": "rows.parquet", "time": "when"}, "has no column 'when'"),
        ({"source": "rows.parquet", "exclude": {"chanel": ["x"]}}, "no column 'chanel'; did you mean 'channel'?"),
        ({"source": "rows.parquet", "window": "7d"}, "add `time: COLUMN`"),
        ({"source": "rows.parquet", "cluster": ["terminal", "shop"]}, "has no column 'shop'"),
    ],
)
def test_a_source_that_cannot_be_opened_says_what_to_do(rows: Path, keys: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        opened(rows, **keys)


def test_an_error_names_its_dataset_once(rows: Path) -> None:
    with pytest.raises(UsageError) as raised:
        opened(rows, source="rows.parquet", id="idd")

    assert 1 == str(raised.value).count("dataset ")


def test_a_window_without_rows_is_an_error_and_not_an_empty_pass(rows: Path) -> None:
    with pytest.raises(HarnessError, match="400 rows were read and none is left after mature_after and window"):
        opened(rows, datetime(2027, 1, 1, tzinfo=UTC), source="rows.parquet", time="at", window="7d")


def test_an_empty_table_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", id=pa.array([], pa.int64()))

    with pytest.raises(HarnessError, match="has no rows; nothing can be measured on it"):
        opened(tmp_path, source="x.parquet")


def test_a_truncated_parquet_is_an_error(rows: Path) -> None:
    file = rows / "rows.parquet"
    file.write_bytes(file.read_bytes()[:-100])

    with pytest.raises(HarnessError, match=r"dataset 'd': .*parquet"):
        opened(rows, source="rows.parquet", id="id")


def test_a_glob_is_one_dataset_whose_digest_follows_every_file(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", id=[1])
    write(tmp_path / "b.parquet", id=[2])
    before = opened(tmp_path, source="*.parquet")

    write(tmp_path / "b.parquet", id=[3])

    assert 2 == before.size
    assert before.digest != opened(tmp_path, source="*.parquet").digest


def test_csv_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,y\n1,0\n2,1\n")

    assert 2 == opened(tmp_path, source="x.csv", id="id", label="y").size


@pytest.mark.parametrize(("text", "span"), [("30m", timedelta(minutes=30)), ("2w", timedelta(weeks=2))])
def test_a_duration_is_a_number_and_a_unit(text: str, span: timedelta) -> None:
    assert span == duration(text)


@pytest.mark.parametrize(
    ("columns", "roles", "message"),
    [
        ({"id": [1, 1], "y": [0, 1]}, {"id": "id"}, "2 rows carry 1 different values of id 'id'; keep one row"),
        ({"s": [0.5, float("nan")]}, {"score": "s"}, "1 of 2 rows have no usable score in column 's'"),
        ({"s": [0.5, float("inf")]}, {"score": "s"}, "1 of 2 rows have no usable score in column 's'"),
        ({"g": ["a", None]}, {"cluster": ("g",)}, "1 of 2 rows have no usable cluster g"),
    ],
)
def test_a_role_that_does_not_hold_ends_the_run_before_anything_is_measured(
    tmp_path: Path, columns: dict[str, object], roles: dict[str, object], message: str
) -> None:
    write(tmp_path / "x.parquet", **columns)
    data = opened(tmp_path, source="x.parquet").with_roles(**roles)

    with pytest.raises(HarnessError, match=message):
        verify(data)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"time": "at", "window": "0d"}, "greater than"),
        ({"time": "at", "window": "999999d"}, "at most 100 years"),
        ({"exclude": {"channel": []}}, "at least 1 item"),
    ],
)
def test_a_filter_that_says_nothing_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Source.model_validate({"source": "rows.parquet", **keys})


def test_rows_of_the_future_are_not_mature_even_after_no_time(tmp_path: Path) -> None:
    write(tmp_path / "rows.parquet", id=[1, 2], at=[AS_OF - timedelta(days=1), AS_OF + timedelta(days=1)])

    data = opened(tmp_path, source="rows.parquet", id="id", time="at", mature_after="0d")

    assert 1 == data.size


def test_a_dataset_keeps_what_the_suite_and_dvc_say_of_its_origin(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id,x\n1,2\n2,3\n")
    (tmp_path / "late.csv").write_bytes(b"id,x\r\n1,2\r\n")
    (tmp_path / "late.csv.dvc").write_text("outs: [{md5: 5eb73cb2ca23e46bcf400e2aa19928bb, hash: md5, path: late.csv}]")
    labels = {"source": "late.csv", "on": "id", "column": "x"}

    data = opened(tmp_path, source="rows.csv", id="id", labels=labels, origin="feast:payments@3")

    assert ("feast:payments@3", "labels dvc:md5:5eb73cb2ca23e46bcf400e2aa19928bb late.csv") == data.record().provenance


def test_a_table_that_changed_since_dvc_tracked_it_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id\n1\n")
    (tmp_path / "rows.csv.dvc").write_text("outs: [{md5: 5eb73cb2ca23e46bcf400e2aa19928bb, hash: md5, path: rows.csv}]")

    with pytest.raises(HarnessError, match=r"dataset 'd': .*rows\.csv changed since DVC tracked it"):
        opened(tmp_path, source="rows.csv")


@pytest.mark.parametrize(
    ("origin", "words"), [("somewhere", "is a system and a name"), ("dvc:md5:5eb7", "is read from FILE.dvc")]
)
def test_an_origin_names_a_system_and_is_never_a_claim_about_dvc(tmp_path: Path, origin: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        opened(tmp_path, source="rows.csv", origin=origin)


CSV = {
    "score": ("id;y;s\n1;1;0,9\n2;0;0,1\n", {"s": "float64"}, "line 2 holds '0,9'"),
    "weight": ("id;w\n1;1\n2;NA\n", {"w": "float64"}, "line 3 holds 'NA'"),
    "time": ("id;y;s\n1;2026-01-01;0.9\n2;01/02/2026;0.1\n", {"y": "timestamp"}, "line 3 holds '01/02/2026'"),
}


@pytest.mark.parametrize("role", CSV)
def test_a_role_whose_column_is_text_is_refused_with_the_line_and_the_type_to_declare(
    tmp_path: Path, role: str
) -> None:
    text, types, line = CSV[role]
    (tmp_path / "t.csv").write_text(text)
    ((column, kind),) = types.items()

    with pytest.raises(HarnessError, match=f"the {role} '{column}' of 'd' is text .*{line}") as error:
        opened(tmp_path, source="t.csv", **({role: column} if role != "score" else {})).with_roles(**{role: column})

    assert f"`types: {{{column}: {kind}}}`" in str(error.value)


def test_types_are_declared_for_labels_too(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,x\n01,a\n02,b\n")
    (tmp_path / "l.csv").write_text("id,y\n10,1\n11,0\n")
    labels = {"source": "l.csv", "on": "id", "column": "y", "types": {"id": "string"}, "absent_is": 0}

    data = opened(tmp_path, source="t.csv", types={"id": "string"}, labels=labels)

    assert [0, 0] == data.rows(["y"])["y"].to_pylist()


def test_types_are_refused_where_a_table_has_its_own(rows: Path) -> None:
    with pytest.raises(UsageError, match="types are for CSV and JSON lines"):
        opened(rows, source="rows.parquet", types={"id": "string"})


@pytest.mark.parametrize("kind", ["text", "varchar", ""])
def test_only_known_types_are_declared(kind: str) -> None:
    with pytest.raises(ValidationError, match="is none of int64, float64"):
        Source(source="t.csv", types={"a": kind})


@pytest.mark.parametrize("time", ["10000-01-01", "0044-03-15 (BC)", "infinity", "-infinity"])
def test_a_time_that_no_clock_shows_is_the_error_of_its_dataset(tmp_path: Path, time: str) -> None:
    rows = f"SELECT TIMESTAMP '{time}' AS at UNION ALL SELECT TIMESTAMP '2026-01-01'"
    duckdb.sql(f"COPY ({rows}) TO '{tmp_path / 't.parquet'}' (FORMAT parquet)")

    with pytest.raises(HarnessError, match="1 of 2 rows have a time in column 'at' before the year 1, after 9998"):
        opened(tmp_path, source="t.parquet", time="at")
    early = "min" if "BC" in time or time.startswith("-") else "max"
    with pytest.raises(HarnessError, match="at of type timestamp.* cannot be shown"):
        opened(tmp_path, source="t.parquet").query(f'SELECT {early}("at") AS at FROM {{rows}}').one()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "cannot read"),
        (".", "cannot read"),
        ("/", "cannot read"),
        ("~nobody-of-this-name/t.parquet", "write the path out"),
        ("a\0.parquet", "no file at"),
        ("folder.parquet", r"is a folder; name the files in it: .*folder.parquet/\*.parquet"),
        ("*.parquet", "is a folder|is no file"),
        ("loop.parquet", "no file"),
        ("dangling.csv", "is no file, or a link that leads to none"),
        ("x" * 5000 + ".parquet", "no file at"),
        ("delta:t@99999999999999999999999", "no Delta table at"),
    ],
)
def test_a_source_that_is_no_file_is_one_line(tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "loop.parquet").symlink_to(tmp_path / "loop.parquet")
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "nothing")

    with pytest.raises(UsageError, match=message) as error:
        opened(tmp_path, source=source)

    assert "\n" not in str(error.value)


def test_a_link_has_the_suffix_of_its_own_name(rows: Path) -> None:
    (rows / "cache").mkdir()
    (rows / "rows.parquet").rename(rows / "cache" / "abcdef")
    (rows / "d.parquet").symlink_to(rows / "cache" / "abcdef")

    assert 400 == opened(rows, source="d.parquet").size
