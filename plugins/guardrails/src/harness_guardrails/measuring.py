"""What scores and spans are worth beside labels, as samples of rows, so that intervals and slices work as elsewhere."""

import math
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from harness import HarnessError, Measurement, samples
from harness_guardrails.tokens import Span, tokens, within

MOST_TEXTS, MOST_TOKENS = 1 << 42, 1 << 20
ABSENT: Mapping[str, str] = {
    "precision": "no text was detected",
    "recall": "no text has label 1",
    "specificity": "no text has label 0",
    "f1": "no text has label 1",
    "roc_auc": "the texts have one label only",
}


def measure_scores(
    keys: pa.Table, labels: Sequence[float], scores: Sequence[float], threshold: float
) -> Iterator[Measurement]:
    """Yield how well scores rank the labels, and how well those at or above the threshold decide them."""
    decided = [float(score >= threshold) for score in scores]
    yield from _decisions(keys, labels, decided, "", "texts")
    ranked = _with(keys, y=labels, score=scores)
    failure = "" if len(set(labels)) == 2 else _failure("roc_auc")
    yield Measurement(metric="roc_auc", sample=samples.rows.auc(ranked), unit="texts", failure=failure)


def measure_spans(
    keys: pa.Table,
    key: str | None,
    texts: Sequence[str],
    labelled: Sequence[Sequence[Span]],
    found: Sequence[Sequence[Span]],
) -> Iterator[Measurement]:
    """Yield how well found spans cover the labelled ones, token by token; the tokens of a text are one cluster.

    `key` is the column that holds the texts' ids, if there is one.
    """
    cut = [list(tokens(text)) for text in texts]
    flags = [
        [float(flag) for spans, wanted in zip(cut, each, strict=True) for flag in within(spans, wanted)]
        for each in (labelled, found)
    ]
    yield from _decisions(_token_keys(keys, [len(spans) for spans in cut], key), flags[0], flags[1], "token_", "tokens")


def _token_keys(keys: pa.Table, sizes: Sequence[int], key: str | None) -> pa.Table:
    """Return the keys of each token: its text's, an id of its own, and its text as a cluster, named as the text's id.

    `sizes` are the texts' numbers of tokens.
    """
    owner = pa.array([at for at, size in enumerate(sizes) for _ in range(size)], pa.int64())
    own = keys.take(owner) if keys.num_columns else pa.table({})
    if key is None:
        return _add(own, "cluster.text", owner)
    texts, numbers = own["id"], [number for size in sizes for number in range(size)]
    own = _add(own.drop_columns(["id"]), "id", _token_ids(texts, numbers))
    return own if f"cluster.{key}" in own.column_names else _add(own, f"cluster.{key}", texts)


def _token_ids(texts: pa.ChunkedArray, numbers: Sequence[int]) -> pa.Array:
    """Return an id for each token, of the kind of its text's id, as rows of one step have ids of one kind."""
    pairs = list(zip(texts.to_pylist(), numbers, strict=True))
    if pa.types.is_integer(texts.type):
        if any(not 0 <= text < MOST_TEXTS or number >= MOST_TOKENS for text, number in pairs):
            raise HarnessError(
                f"tokens are numbered after their text's id, which must be text or a whole number from 0 to below "
                f"{MOST_TEXTS:,}, of a text of less than {MOST_TOKENS:,} tokens; write the ids as text"
            )
        return pa.array([text * MOST_TOKENS + number for text, number in pairs], pa.int64()).cast(texts.type)
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        raise HarnessError(f"tokens are numbered after their text's id, and ids are {texts.type}; write them as text")
    return pa.array([f"{text}/{number}" for text, number in pairs], texts.type)


def _decisions(
    keys: pa.Table, labels: Sequence[float], decided: Sequence[float], prefix: str, unit: str
) -> Iterator[Measurement]:
    table = _with(keys, y=labels, score=decided)
    label, decision = table["y"].to_numpy(), table["score"].to_numpy()
    right = _with(keys, y=(label == decision).astype(float))
    parts = {
        "precision": (right.filter(pa.array(decision == 1)), "right"),
        "recall": (right.filter(pa.array(label == 1)), "detected"),
        "specificity": (right.filter(pa.array(label == 0)), "left"),
    }
    for metric, (rows, event) in parts.items():
        failure = "" if rows.num_rows else _failure(metric)
        sample = samples.rows.proportion(rows) if rows.num_rows else samples.unmeasured("proportion")
        yield Measurement(metric=prefix + metric, sample=sample, unit=unit, event=event, failure=failure)
    failure = "" if (label == 1).any() else _failure("f1")
    yield Measurement(metric=prefix + "f1", sample=samples.rows.f1(table), unit=unit, failure=failure)


def _failure(metric: str) -> str:
    return f"{ABSENT[metric]}, so {metric} says nothing of the detector; add labelled texts, or look at its threshold"


def _with(keys: pa.Table, **columns: Sequence[float]) -> pa.Table:
    for name, values in columns.items():
        keys = _add(keys, name, pa.array(values, pa.float64()))
    return keys


def _add(table: pa.Table, name: str, values: "pa.Array | pa.ChunkedArray") -> pa.Table:
    """Return a table, which may have no columns yet, with one more."""
    return table.append_column(name, values) if table.num_columns else pa.table({name: values})


def finite(scores: Sequence[float | None], of: str) -> Sequence[float]:
    """Return scores that can be ranked; a missing or infinite one is an error, as it would pass for a low one."""
    known = [score for score in scores if score is not None and math.isfinite(score)]
    if len(known) < len(scores):
        bad = len(scores) - len(known)
        raise HarnessError(f"{of}: {bad} of {len(scores)} scores are missing, NaN or infinite; repair the detector")
    return known
