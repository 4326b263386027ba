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


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Which column of a table is what."""

    label: Column
    score: Column | None
    decision: Column | None
    id: Column | None
    time: Column | None
    clusters: Sequence[Column]


def guess(table: Table, *, label: str | None, score: str | None, key: str | None) -> Roles:
    """Return the roles of a classifier's table: those named, and those that one column alone can play."""
    decision = next(
        (c for c in table.columns.values() if c.binary and _has_name(DECISION, c) and c.name != label), None
    )
    truth = _label(table, label, [c for c in table.columns.values() if c.binary and c != decision])
    scores = [c for c in table.columns.values() if c.share]
    mark = _score(table, score, scores, needed=decision is None)
    identifier = _id(table, key)
    moments = [c for c in table.columns.values() if c.moment]
    return Roles(
        label=truth,
        score=mark,
        decision=decision,
        id=identifier,
        time=moments[0] if len(moments) == 1 else None,
        clusters=[c for c in table.columns.values() if _groups(table, c) and c not in (truth, identifier, decision)],
    )


def _label(table: Table, named: str | None, candidates: Sequence[Column]) -> Column:
    if named is not None:
        column = table.find_column(named, "--label")
        if not column.binary:
            raise UsageError(
                f"--label {named}: a label is 0 or 1 (or false, true) in every row, and both occur; found "
                f"{column.type} with {column.distinct} different values and {column.missing} missing"
            )
        return column
    return _single_column(table, candidates, LABEL, "label", "holds 0 and 1 (or false and true) in every row")


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
