"""Faults that flatter a candidate: each would pass by its value, and none passes as it is judged."""

import numpy as np
import pyarrow as pa
import pytest

from harness.judging.judge import judge
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.samples import Sample

ASKED = Requirement(metric="m", at_least=0.85)
SEEDS = range(60)


def told(statistic, requirement=ASKED, counts=None, **columns):
    """Return what is said of rows or counts."""
    rows = pa.table({"id": np.arange(len(columns["y"])), **columns}) if columns else None
    sample = Sample(statistic=statistic, rows=rows, counts=counts or {})
    return judge(requirement, Measurement(metric="m", sample=sample)).outcome


def leniently(seed):
    """Return whether 2,400 answers are good (80 % are), what a judge says who lets 45 % of the bad pass, and labels."""
    rng = np.random.default_rng(seed)
    good = rng.random(2400) < 0.8
    judged = np.where(good, rng.random(2400) < 0.97, rng.random(2400) < 0.45) * 1.0
    return judged, pa.array([float(each) if number < 400 else None for number, each in enumerate(good)])


def test_a_lenient_judge_passes_on_its_own_word_and_never_beside_people():
    alone, checked = [], []
    for seed in SEEDS:
        judged, y = leniently(seed)
        alone.append(told("proportion", y=judged))
        checked.append(told("judge_correction", y=y, score=judged))

    assert alone.count("pass") > 0.4 * len(SEEDS)
    assert "pass" not in checked


def bursts(seed):
    """Return 2,000 frauds at 40 terminals, of which 80 % are caught: nearly all or hardly any at one terminal."""
    rng = np.random.default_rng(seed)
    terminal = np.repeat(np.arange(40), 50)
    return (rng.random(2000) < rng.beta(1.2, 0.3, 40)[terminal]) * 1.0, terminal


def test_rows_of_few_terminals_pass_as_independent_ones_and_rarely_as_what_they_are():
    edge, alone, grouped = Requirement(metric="m", at_least=0.8), [], []
    for seed in SEEDS:
        y, terminal = bursts(seed)
        alone.append(told("proportion", edge, y=y))
        grouped.append(told("proportion", edge, y=y, **{"cluster.terminal": terminal}))

    assert alone.count("pass") > 0.25 * len(SEEDS)
    assert grouped.count("pass") <= 0.05 * len(SEEDS)


@pytest.mark.parametrize("severity", ["must", "should"])
def test_what_is_estimated_without_labels_decides_nothing(severity):
    asked = Requirement(metric="m", at_least=0.3, severity=severity)

    assert told("point", asked, counts={"value": 0.354}) == "error"
