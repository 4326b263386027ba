"""Finds what changed of rows that were judged before: a label may be corrected, a score does not change."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import HarnessError
from harness.values.statistics import SCORED, describe_statistic

LIMIT = 0.05  # beyond this share of corrected labels, rows may be of a broken extract
MEASURED = ("y", "score")  # what a row of one id must agree in
LABELS: Mapping[str, str] = {"odds": "score"}  # of the others the label is `y`
REMEDY = "find out which is right, then run `harness evidence correct` to record why"


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many rows with a label that were judged before were seen again, and how many have another label now."""

    again: int = 0
    corrected: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(again=self.again + other.again, corrected=self.corrected + other.corrected)

    @property
    def share(self) -> float:
        """Return the share of the rows seen again that have another label."""
        return self.corrected / self.again if self.again else 0.0


def refuse_too_many(metric: str, tally: Tally) -> None:
    """Refuse more corrected labels than come in late."""
    if tally.share > LIMIT:
        raise HarnessError(
            f"{metric!r}: {tally.corrected} of {tally.again} rows judged before ({tally.share:.1%}) have another label "
            f"now, more than the {LIMIT:.0%} that may be corrected; {REMEDY}"
        )


def count_corrected(statistic: str, now: pa.Table, before: pa.Table) -> Tally:
    """Return how many of two tables' rows, the same ids in the same order, had a label, and have another now."""
    name = LABELS.get(statistic, "y")
    if name not in now.column_names or name not in before.column_names:
        return Tally()
    had_one = pc.invert(pc.is_null(before[name], nan_is_null=True))
    other = pc.and_(had_one, _is_other(now[name], before[name].cast(now[name].type)))
    return Tally(again=_count_true(had_one), corrected=_count_true(other))


def find_rescored_ids(statistic: str, now: pa.Table, before: pa.Table) -> pa.ChunkedArray:
    """Return the ids of which the score is another than it was, of two tables as for `count_corrected`."""
    names = [name for name in MEASURED if name != LABELS.get(statistic, "y")]
    both = [name for name in names if name in now.column_names and name in before.column_names]
    changed = pa.chunked_array([pa.array([False] * now.num_rows, pa.bool_())])
    for name in both:
        changed = pc.or_(changed, _is_other(now[name], before[name].cast(now[name].type)))
    return now["id"].filter(changed)


def rescoring(metric: str, statistic: str, now: pa.Table | None, before: pa.Table | None) -> str:
    """Return in words that rows have another score than before; nothing if none has, or it cannot be told."""
    if not SCORED <= describe_statistic(statistic).keeps:
        return ""
    same = match_rows(now, before)
    ids = find_rescored_ids(statistic, *same) if same else ()
    return _rescoring_text(metric, ids) if len(ids) else ""


def match_rows(now: pa.Table | None, before: pa.Table | None) -> tuple[pa.Table, pa.Table] | None:
    """Return of two tables the rows whose ids both have, in one order; None where ids cannot be compared."""
    tables = [table for table in (now, before) if table is not None and "id" in table.column_names]
    if len(tables) < 2:
        return None
    try:
        keys = tables[1]["id"].cast(tables[0]["id"].type)
    except pa.ArrowException:
        return None
    at = pc.index_in(keys, value_set=tables[0]["id"].combine_chunks())
    return tables[0].take(at.combine_chunks().drop_null()), tables[1].filter(pc.is_valid(at))


def refuse_rescored(metric: str, statistic: str, now: pa.Table, before: pa.Table) -> None:
    """Refuse rows whose score is another than when they were judged before."""
    ids = find_rescored_ids(statistic, now, before)
    if len(ids):
        raise HarnessError(_rescoring_text(metric, ids))


def _rescoring_text(metric: str, ids: pa.ChunkedArray) -> str:
    return (
        f"{metric!r}: id {ids[0].as_py()!r} had another score when it was judged before ({len(ids)} such rows); "
        f"a candidate's scores do not change, so {REMEDY}"
    )


def _count_true(flags: pa.ChunkedArray) -> int:
    return int(pc.sum(flags).as_py() or 0)


def _is_other(now: pa.ChunkedArray, before: pa.ChunkedArray) -> pa.ChunkedArray:
    missing = [pc.is_null(values, nan_is_null=True) for values in (now, before)]
    other = pc.and_(pc.invert(missing[0]), pc.not_equal(now, before))
    return pc.or_(pc.xor(*missing), pc.fill_null(other, False))
