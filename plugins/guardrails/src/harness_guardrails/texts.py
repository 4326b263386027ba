"""Reads texts, spans and labels of a dataset, and refuses those that no detector can be measured by."""

import json
from collections.abc import Sequence
from itertools import pairwise

import pyarrow as pa

from harness import Dataset, HarnessError
from harness_guardrails.tokens import Span

NAMES = (("start", "end"), ("start_position", "end_position"))


def keyed_rows(data: Dataset, *columns: str) -> tuple[pa.Table, pa.Table]:
    """Return the rows' id, weight and clusters as a sample has them, and the columns asked for, in one order."""
    data.must_have(columns)
    named = {"id": data.roles.id, "weight": data.roles.weight} | {f"cluster.{c}": c for c in data.roles.cluster}
    kept = {name: column for name, column in named.items() if column}
    rows = data.rows(list(dict.fromkeys([*kept.values(), *columns])))
    if data.roles.id:
        rows = rows.sort_by(data.roles.id)
    keys = pa.table({name: rows[column] for name, column in kept.items()}) if kept else None
    return keys if keys is not None else rows.select([]), rows.select(list(dict.fromkeys(columns)))


def add_columns(keys: pa.Table, **columns: Sequence[float | None]) -> pa.Table:
    """Return a table, which may have no columns yet, with more columns of numbers."""
    for name, values in columns.items():
        made = pa.array(values, pa.float64())
        keys = keys.append_column(name, made) if keys.num_columns else pa.table({name: made})
    return keys


def texts_of(data: Dataset, rows: pa.Table, column: str) -> Sequence[str]:
    """Return a column's texts; a missing one is an error, as nobody can say whether it should have been detected."""
    if not (pa.types.is_string(rows[column].type) or pa.types.is_large_string(rows[column].type)):
        raise HarnessError(
            f"dataset {data.name!r}: column {column!r} holds {rows[column].type}, and a detector reads text; name "
            f"a column of text"
        )
    if rows[column].null_count:
        raise HarnessError(
            f"dataset {data.name!r}: {rows[column].null_count} of {rows.num_rows} rows have no text in {column!r}; "
            f"repair or leave out those rows"
        )
    found: list[str] = rows[column].to_pylist()
    return found


def labels_of(data: Dataset, rows: pa.Table, column: str) -> Sequence[float]:
    """Return 0/1 labels as numbers; other values are refused by naming them."""
    values = rows[column].to_pylist()
    other = sorted({repr(value) for value in values if value not in (0, 1)})
    if other:
        raise HarnessError(
            f"dataset {data.name!r}: label {column!r} must hold 0 and 1; found {', '.join(other[:5])}; "
            f"name a 0/1 column"
        )
    return [float(value) for value in values]


def spans_of(data: Dataset, rows: pa.Table, column: str, texts: Sequence[str]) -> Sequence[Sequence[Span]]:
    """Return each text's labelled spans, of a column of lists of `{start, end}` in characters, or of such JSON."""
    return [
        [_span(data, column, each, len(text)) for each in _list(data, column, value)]
        for value, text in zip(rows[column].to_pylist(), texts, strict=True)
    ]


def _list(data: Dataset, column: str, value: object) -> Sequence[object]:
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if isinstance(found, list):
        return found
    raise HarnessError(
        f"dataset {data.name!r}: {column!r} must hold lists of spans, empty where there is none; found {value!r}; "
        f"write each as [{{start: 0, end: 4}}]"
    )


def _span(data: Dataset, column: str, span: object, length: int) -> Span:
    """Return one span that lies within its text."""
    if isinstance(span, dict):
        for names in NAMES:
            start, end = (span.get(name) for name in names)
            if isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= length:
                return start, end
    if isinstance(span, list) and len(span) >= 2 and all(isinstance(each, int) for each in span[:2]):
        start, end = span[:2]
        if all(a < b for a, b in pairwise((-1, start, end, length + 1))):
            return start, end
    raise HarnessError(
        f"dataset {data.name!r}: {column!r} holds the span {span!r} of a text of {length} characters; a span has a "
        f"`start` and an `end` in characters, with 0 <= start < end <= {length}"
    )
