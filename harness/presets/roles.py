"""Guesses which column is the label, the score and so on; where two could be, asks instead."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import UsageError
from harness.presets.columns import Column, Table

# For each role, names from telling to vague: the first that matches one column decides.
LABEL = (r"label|target|truth|y|y_true|class|outcome|ground_truth", r".*(label|target|truth|fraud).*", r".*")
SCORE = (r"score|probability|proba|prob|y_score|p", r".*(score|prob).*", r".*")
ID = (r"id|uuid|key|row_id", r".*_?(id|uuid|key)", r".*")
DECISION = r"(.*_)?(decision|decided|prediction|predicted|pred|alert|alerted|flagged)"
GROUP = (
    r"(.*_)?(customer|client|user|account|card|terminal|merchant|store|device|session|patient|person|household|group"
    r"|cluster)(_?(id|key|no|number))?|.*_id"
)
FEWEST_GROUPS = 10
POSITIVE = (  # words that mean 1, where the other value is none of them
    r"fraud|fraudulent|bad|yes|y|true|t|positive|pos|1|spam|default|defaulted|churn|churned|abuse|toxic|malicious|anomaly"
)


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Which column of a table is what; `positive` is the value that means 1 where the label is a word."""

    label: Column
    positive: str | None
    score: Column | None
    decision: Column | None
    id: Column | None
    time: Column | None
    clusters: Sequence[Column]


def guess(table: Table, *, label: str | None, positive: str | None, score: str | None, key: str | None) -> Roles:
    """Return the roles of a classifier's table: those named, and those that one column alone can play."""
    decision = next((c for c in table.columns.values() if _is_decision(c) and c.name != label), None)
    truth = _label(table, label, [c for c in table.columns.values() if _is_label(c) and c != decision])
    scores = [c for c in table.columns.values() if c.share]
    mark = _score(table, score, scores, needed=decision is None)
    identifier = _id(table, key)
    moments = [c for c in table.columns.values() if c.moment]
    return Roles(
        label=truth,
        positive=_positive(truth, positive),
        score=mark,
        decision=decision,
        id=identifier,
        time=moments[0] if len(moments) == 1 else None,
        clusters=[c for c in table.columns.values() if _groups(table, c) and c not in (truth, identifier, decision)],
    )


def _is_decision(column: Column) -> bool:
    return column.binary and not column.missing and _has_name(DECISION, column)


def _is_label(column: Column) -> bool:
    """Tell whether a column could be the label: 0 and 1, or, where its name says so, two words."""
    return column.binary or (column.two_words and any(_has_name(pattern, column) for pattern in LABEL[:2]))


def _label(table: Table, named: str | None, candidates: Sequence[Column]) -> Column:
    if named is not None:
        column = table.find_column(named, "--label")
        if not column.binary and not column.two_words:
            raise UsageError(
                f"--label {named}: a label is 0 or 1 (or false and true, or two words), and both occur; found "
                f"{column.type} with {column.distinct} different values and {column.missing} missing"
            )
        return column
    return _single_column(table, candidates, LABEL, "label", "holds 0 and 1 (or false and true, or two words)")


def _positive(label: Column, named: str | None) -> str | None:
    """Return the word that means 1; None for a label that is a number or a truth value already."""
    if label.binary:
        return None
    words = [str(label.low), str(label.high)]
    found = [word for word in words if re.fullmatch(POSITIVE, word, re.IGNORECASE)]
    if named is None and len(found) == 1:
        return found[0]
    if named in words:
        return named
    message = "" if named is None else f"--positive {named}: "
    raise UsageError(
        f"{message}the label {label.name!r} is {words[0]!r} or {words[1]!r}; say which means 1: --positive VALUE"
    )


def _score(table: Table, named: str | None, candidates: Sequence[Column], *, needed: bool) -> Column | None:
    if named is not None:
        column = table.find_column(named, "--score")
        if not column.number or column.missing:
            raise UsageError(
                f"--score {named}: a score is a number in every row; found {column.type}, {column.missing} missing"
            )
        return column
    if not candidates and not needed:
        return None
    return _single_column(table, candidates, SCORE, "score", "holds fractions between 0 and 1 in every row")


def _id(table: Table, named: str | None) -> Column | None:
    """Return the column of identifiers; without one, rows are judged but not pooled or paired."""
    if named is not None:
        column = table.find_column(named, "--id")
        if column.distinct != table.rows:
            raise UsageError(
                f"--id {named}: {table.rows} rows carry {column.distinct} different values; "
                f"keep one row for each id, or name another column"
            )
        return column
    candidates = [column for column in table.columns.values() if table.unique(column)]
    return _single_column(table, candidates, ID, "id", "is different in every row") if candidates else None


def _groups(table: Table, column: Column) -> bool:
    """Tell whether rows may come in groups of this column, which would not be independent."""
    return (
        column.key and not column.missing and FEWEST_GROUPS <= column.distinct < table.rows and _has_name(GROUP, column)
    )


def _single_column(table: Table, candidates: Sequence[Column], names: Sequence[str], role: str, rule: str) -> Column:
    for pattern in names:
        found = [column for column in candidates if _has_name(pattern, column)]
        if len(found) == 1:
            return found[0]
        if found:
            break
    message = f"each of {', '.join(column.name for column in found)} {rule}" if candidates else f"none {rule}"
    raise UsageError(
        f"cannot tell which column of {table.uri} is the {role}: {message}; add --{role} COLUMN "
        f"(it has {table.columns_text()})"
    )


def _has_name(pattern: str, column: Column) -> bool:
    return re.fullmatch(pattern, column.name, re.IGNORECASE) is not None
