"""Names and values are quoted in one place, and what a query reads stands beside its text."""

import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from math import inf, isnan, nan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.errors import HarnessError
from harness.tables import scan
from harness.tables.files import CsvFiles, ParquetFiles, by_file, parquet_file
from harness.tables.queries import Query
from harness.tables.remote_tables import RemoteTable, answering
from harness.tables.sql import Sql, all_rows, column, literal, sql

HOSTILE = (
    'a"b',
    "it's",
    "{rows}",
    "{0}",
    "a}b{",
    "-- x",
    "; DROP TABLE t",
    "harness_table('sql:public.payments', '')",
    "read_parquet('other.parquet')",
    "sql:public.payments 3f2a",
    "/* x */",
    "é\n\t",
)
HERE, THERE = RemoteTable(engine="sql", name="public.t", place="ab"), RemoteTable(engine="spark", name="db.t")


def answer(query: Sql) -> Any:
    return Query(sql=query).one()["v"]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_comes_back_as_it_was_given(text: str) -> None:
    query = sql("SELECT {value} AS v", value=literal(text))

    assert (text, []) == (answer(query), query.sources)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_column_has_any_name(name: str) -> None:
    query = sql("SELECT {name} AS v FROM (SELECT 1 AS {name}, 2 AS other)", name=column(name))

    assert (1, []) == (answer(query), query.sources)


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, None, 0, -1, 2**62, 0.5, -0.25, 1e-300, inf, -inf, Decimal("1.25"), date(2026, 3, 1)),
        *(datetime(2026, 3, 1, 12, 30, 0, 5), datetime(2026, 3, 1, 12, tzinfo=UTC)),
    ],
)
def test_a_value_comes_back_as_it_was_given(value: Any) -> None:
    assert value == answer(sql("SELECT {value} AS v", value=literal(value)))


def test_nan_and_moments_of_other_zones_are_literals_too() -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5)))

    assert isnan(answer(sql("SELECT {value} AS v", value=literal(nan))))
    assert moment == answer(sql("SELECT {value} AS v", value=literal(moment)))


def test_a_negative_number_begins_no_comment() -> None:
    assert 3 == answer(sql("SELECT 1-{value} AS v", value=literal(-2)))


def test_a_list_is_filled_in_with_commas_and_joined_by_what_is_asked() -> None:
    names = [column("a"), column("b")]

    assert 'SELECT "a", "b"' == sql("SELECT {names}", names=names).text
    assert '"a" AND "b"' == sql(" AND ").join(names).text
    assert "" == sql(" AND ").join([]).text


def test_doubled_braces_are_braces() -> None:
    assert {"a": 1} == answer(sql("SELECT {{'a': 1}} AS v"))


@pytest.mark.parametrize(
    ("template", "parts", "message"),
    [
        ("SELECT {x}", {}, "nothing is given for {x}; give x=column"),
        ("SELECT {x}", {"x": "a"}, "x='a' is no SQL; write column"),
        ("SELECT {x}", {"x": []}, r"x=\[\] is no SQL"),
        ("SELECT {x}", {"x": 1}, "x=1 is no SQL"),
        ("SELECT {x.y}", {"x": column("a")}, "'x.y' is no placeholder's name; write {{ and }}"),
        ("SELECT {x!r}", {"x": column("a")}, "'x' is no placeholder's name"),
        ("SELECT {'a': 1}", {}, "is no placeholder's name; write {{ and }}"),
        ("SELECT }", {}, "write {{ and }} for braces"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(template: str, parts: dict[str, Any], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        sql(template, **parts)


@pytest.mark.parametrize("make", [column, literal])
def test_a_nul_is_refused(make: Any) -> None:
    with pytest.raises(HarnessError, match="holds a NUL"):
        make("a\0b")


def test_what_has_no_literal_is_refused() -> None:
    with pytest.raises(HarnessError, match="is a list, which has no literal"):
        literal([1])  # type: ignore[arg-type]


def test_equal_queries_are_equal_values_however_they_were_built() -> None:
    source = ParquetFiles(pattern="a.parquet")

    built = sql("{start}{rest}", start=sql("SELECT * "), rest=sql("FROM {rows}", rows=Sql(pieces=(source,))))

    assert (all_rows(source), hash(all_rows(source))) == (built, hash(built))
    assert built == pickle.loads(pickle.dumps(built))


def test_only_a_query_of_all_rows_reads_a_source_whole() -> None:
    source = CsvFiles(pattern="a.csv", delimiter=",", columns=(("a", "string"),))
    every = all_rows(source)

    assert source == every.whole
    assert None is sql("SELECT * FROM ({rows})", rows=every).whole
    assert None is sql("{rows} LIMIT 1", rows=every).whole


def test_one_engine_answers_only_what_reads_nothing_elsewhere() -> None:
    both = sql("{one} UNION ALL {other}", one=HERE.sql, other=HERE.sql)
    file = all_rows(ParquetFiles(pattern="a.parquet"))

    assert (HERE, HERE) == (answering(HERE.sql), answering(both))
    assert None is answering(sql("{one} UNION ALL {other}", one=HERE.sql, other=THERE.sql))
    assert None is answering(sql("{one} UNION ALL {other}", one=HERE.sql, other=file))
    assert None is answering(RemoteTable(engine="delta", name="t@1").sql)
    assert None is answering(sql("SELECT 1"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_that_looks_like_a_table_changes_nothing_about_who_answers(text: str) -> None:
    query = sql("SELECT * FROM ({rows}) WHERE a = {value}", rows=HERE.sql, value=literal(text))

    assert HERE == answering(query)


@pytest.mark.parametrize("name", ["it's.parquet", "x[1].parquet", "x{0}.parquet", "a b.parquet"])
def test_a_file_of_a_glob_is_read_by_its_own_name(tmp_path: Path, name: str) -> None:
    for at, each in enumerate((name, "x1.parquet", "y.parquet")):
        pq.write_table(pa.table({"v": [at]}), tmp_path / each)

    found = by_file(scan.rows_of(str(tmp_path / "*.parquet")))

    assert {name: 0, "x1.parquet": 1, "y.parquet": 2} == {each: answer(query) for each, query in found.items()}


def test_a_parquet_file_that_is_read_whole_is_known(tmp_path: Path) -> None:
    path = str(tmp_path / "it's.parquet")
    pq.write_table(pa.table({"v": [1]}), path)

    query = scan.rows_of(path)

    assert (path, None) == (parquet_file(query), parquet_file(scan.select(query, ["v"])))


def test_a_name_that_is_no_table_is_not_looked_up_among_variables() -> None:
    rows = pa.table({"v": [1]})

    with pytest.raises(HarnessError, match="rows does not exist"):
        answer(sql("SELECT * FROM rows"))
    assert 1 == rows.num_rows
