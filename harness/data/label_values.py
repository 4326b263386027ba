"""Reads labels that are words: which value means 1, and which 0."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.data.datasets import Dataset
from harness.errors import HarnessError, UsageError
from harness.tables.sql import Sql, column, literal, sql


def read_label_values(data: Dataset, label: str | None, meanings: Mapping[str, int] | None) -> Dataset:
    """Return the rows with 0 or 1 in place of each value of the label, where a suite says what it means.

    A value that the suite does not name is an error; a missing one stays missing.
    """
    if meanings is None:
        return data
    if label is None:
        raise UsageError("`label_values` say what a label means, and there is no label; add `label: COLUMN`")
    data.must_have([label])
    _refuse_other_values(data, label, list(meanings))
    ones, zeros = (_is_one_of(label, [value for value in meanings if meanings[value] == is_]) for is_ in (1, 0))
    read = sql("CASE WHEN {ones} THEN 1 WHEN {zeros} THEN 0 END AS {c}", ones=ones, zeros=zeros, c=column(label))
    kept = [read if name == label else column(name) for name in data.columns]
    return replace(data, sql=data.query("SELECT {kept} FROM {rows}", kept=kept).sql)


def _refuse_other_values(data: Dataset, label: str, known: Sequence[str]) -> None:
    others = data.query(
        "SELECT CAST({c} AS VARCHAR) AS value, count(*) AS n FROM {rows} WHERE NOT {known} GROUP BY 1 ORDER BY n DESC",
        c=label,
        known=_is_one_of(label, known),
    ).table()
    if others.num_rows:
        value, count = others["value"][0].as_py(), sum(others["n"].to_pylist())
        raise HarnessError(
            f"dataset {data.name!r}: `label_values` say what {', '.join(known)} mean, and {count} of {data.size} rows "
            f"hold another value in {label!r}, as {value!r}; name it there, or leave those rows out with `exclude`"
        )


def _is_one_of(label: str, values: Sequence[str]) -> Sql:
    named = [literal(value) for value in values]
    return sql("CAST({c} AS VARCHAR) IN ({named})", c=column(label), named=named)
