"""What becomes of one unchanged candidate that is judged every night on the rows of the last seven days.

Through the judging code itself, in process. All rows so far are handed over each night, beside the nights that took a
look: windows are joined to the same rows, and give the same verdicts, but slower (--windows hands those over).
Usage: python benchmarks/nights.py [--sequences 1000] [--nights 30] [--rows 100] [--truth 0.83 0.80 0.77] [--seed 1]
[--windows]; about 7 minutes of one core.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
from bare_runs import bare_run

from harness import Measurement
from harness.judging.judge import judge_requirements
from harness.judging.looks import Earlier
from harness.values.identity import Identity
from harness.values.requirements import Requirement
from harness.values.samples import Sample
from harness.values.verdicts import Verdict

ASKED = Requirement(metric="rate", at_least=0.80)
FIRST = datetime(2026, 1, 8, tzinfo=UTC)
WINDOW = 7  # days
SHOWN = (1, 2, 7, 14, 30)


def main() -> None:
    """Print by truth and night which share of candidates pass, fail and are undecided, and what became of passes."""
    given = _arguments()
    nights = [night for night in SHOWN if night <= given.nights]
    print("truth | night | pass | fail | undecided | passed by then | failed by then | lost a pass by then")
    for truth in given.truth:
        chance = np.random.default_rng(given.seed)
        days = given.rows * (WINDOW + given.nights)
        drawn = (chance.random(days) < truth for _ in range(given.sequences))
        sequences = [list(judge_nights(good, given.rows, windows=given.windows)) for good in drawn]
        for night in nights:
            print(f"{truth} | {night} | {' | '.join(_shares(sequences, night))}", flush=True)


def judge_nights(good: np.ndarray, rows: int, *, windows: bool) -> Iterator[Verdict]:
    """Yield the verdict of each night on so many rows a day, all earlier ones known."""
    ids, earlier = np.arange(len(good)), list[Earlier]()
    for night in range(len(good) // rows - WINDOW):
        days = slice(rows * night if windows else 0, rows * (night + WINDOW))
        measured = measure(night, ids[days], good[days])
        (verdict,) = judge_requirements([ASKED], [measured], "s", "c", earlier=earlier)
        yield verdict
        if windows or (verdict.look and not verdict.look.taken):
            earlier.append(record(night, verdict, measured))


def measure(night: int, ids: np.ndarray, good: np.ndarray) -> Measurement:
    """Return the rate of some rows, with their ids."""
    table = pa.table({"id": ids, "y": good.astype(float)})
    sample = Sample(statistic="proportion", rows=table, digest=f"rows:{night}")
    return Measurement(metric="rate", sample=sample, step="s", check="c")


def record(night: int, verdict: Verdict, measured: Measurement) -> Earlier:
    """Return a night as the next ones read it back."""
    run = bare_run(Identity(revision="m"), FIRST + timedelta(days=night), [verdict], [measured])
    return Earlier(run=run, rows={measured.sample.digest or "": measured.sample.rows})


def _shares(sequences: Sequence[Sequence[Verdict]], night: int) -> Iterator[str]:
    """Yield the shares of a night, and of what happened in any night up to it."""
    now = Counter(sequence[night - 1].outcome for sequence in sequences)
    until = [[verdict.outcome for verdict in sequence[:night]] for sequence in sequences]
    lost = [any(two == ("pass", "inconclusive") for two in pairwise(seen)) for seen in until]
    counts = [now[outcome] for outcome in ("pass", "fail", "inconclusive")]
    counts += [sum(outcome in seen for seen in until) for outcome in ("pass", "fail")] + [sum(lost)]
    yield from (f"{100 * count / len(sequences):.1f} %" for count in counts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=1000)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--truth", type=float, nargs="+", default=[0.83, 0.80, 0.77])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--windows", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
