"""Tells whether two candidates are one: logged again, a model has another digest and the scores it had."""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from harness.judging.corrections import match_rows
from harness.values.identity import CANDIDATE
from harness.values.measurements import Measurement
from harness.values.runs import Run
from harness.values.statistics import keeps_own_scores

ENOUGH = 20  # shared rows that tell: fewer may be scored alike by chance


def are_scored_alike(measured: Sequence[Measurement], run: Run, rows: Mapping[str, pa.Table]) -> bool | None:
    """Tell whether the candidate of a run gave the rows of now, where it saw them, the scores that they have now.

    None where that cannot be told: no metric keeps scores, few rows are shared, or all have one score.
    """
    pairs = list(_pair_scores(measured, run, rows))
    if not all(now.equals(before) for now, before in pairs):
        return False
    return True if any(_is_telling(now) for now, _ in pairs) else None


def _pair_scores(
    measured: Sequence[Measurement], run: Run, rows: Mapping[str, pa.Table]
) -> Iterator[tuple[pa.ChunkedArray, pa.ChunkedArray]]:
    """Yield of each metric that keeps scores those of the rows that both saw, now and then."""
    for now in filter(_keeps_scores, measured):
        for before in run.measured.get((CANDIDATE, now.key), ()):
            found = match_rows(now.sample.rows, rows.get(before.sample.digest or ""))
            if found and all("score" in table.column_names for table in found):
                yield found[0]["score"].cast(pa.float64()), found[1]["score"].cast(pa.float64())


def _keeps_scores(measurement: Measurement) -> bool:
    return keeps_own_scores(measurement.sample.statistic)


def _is_telling(scores: pa.ChunkedArray) -> bool:
    return len(scores) >= ENOUGH and pc.count_distinct(scores, mode="all").as_py() > 1
