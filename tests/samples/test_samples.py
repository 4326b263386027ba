"""How samples of counts are built."""

import math

import numpy as np
import pytest

import harness
from harness import samples
from harness.errors import HarnessError
from harness.stats import infer
from harness.values.samples import Sample
from harness.values.statistics import STATISTICS

GAP = {"k": 12, "n": 20, "k_ref": 25, "n_ref": 40}
BINS = {"reference": [150, 150], "current": [160, 140]}
NUMBERED = {"reference.0": 150, "reference.1": 150, "current.0": 160, "current.1": 140}
BUILT = {
    "proportion": samples.proportion(k=12, n=20),
    "gap": samples.gap(**GAP),
    "ratio": samples.ratio(**GAP),
    "odds": samples.odds(tpr=samples.gap(**GAP), fpr=samples.gap(k=1, n=20, k_ref=2, n_ref=40)),
    "psi": samples.psi(**BINS),
    "js": samples.js(**BINS),
    "ks": samples.ks(**BINS),
    "judge_correction": samples.judge_correction(k=80, n=100, tp=38, positives=40, tn=36, negatives=40),
    "exceedance": samples.exceedance(k=[1] * 20, n=[50] * 20, near=[3] * 20),
    "canary": samples.canary(k=12, n=200, k_ref=15, n_ref=200),
    "sequence": samples.sequence(k=12, n=20),
    "exact": samples.exact(value=3, n=9),
    "point": samples.point(value=3, n=9),
}


def test_samples_are_a_public_name() -> None:
    assert harness.samples is samples
    assert "samples" in harness.__all__


def test_every_statistic_is_built_of_counts_or_of_rows() -> None:
    assert set(STATISTICS) == {*BUILT, *(name for name in STATISTICS if STATISTICS[name].keeps)}
    assert {name: name for name in BUILT} == {name: sample.statistic for name, sample in BUILT.items()}
    assert {*BUILT, "rows", "unmeasured"} == set(samples.__all__)


@pytest.mark.parametrize("name", BUILT)
def test_what_is_built_can_be_inferred_from(name: str) -> None:
    assert math.isfinite(infer(BUILT[name]).value)


@pytest.mark.parametrize("name", BUILT)
def test_counts_are_a_flat_mapping_of_floats(name: str) -> None:
    assert {float} == {type(count) for count in BUILT[name].counts.values()}


def test_counts_of_numpy_are_stored_as_plain_floats() -> None:
    sample = samples.psi(reference=np.array([150, 150]), current=np.array([160, 140]))

    assert NUMBERED == sample.counts
    assert {float} == {type(count) for count in sample.counts.values()}


def test_bins_by_name_may_be_on_one_side_only() -> None:
    sample = samples.js(reference={"web": 3}, current={"web": 2, "app": 1})

    assert {"reference.web": 3, "current.web": 2, "current.app": 1} == sample.counts


def test_how_much_bins_may_be_off_is_counted_only_where_it_is_something() -> None:
    sure, off = samples.psi(**BINS), samples.psi(**BINS, within=0.05)

    assert NUMBERED == sure.counts
    assert {**NUMBERED, "within": 0.05} == off.counts


def test_more_bins_on_one_side_are_refused() -> None:
    with pytest.raises(HarnessError, match="takes counts of the same bins; found 2 of reference, 3 of current"):
        samples.ks(reference=[1, 2], current=[1, 2, 3])


def test_names_on_one_side_alone_are_refused() -> None:
    with pytest.raises(HarnessError, match="bins by name on both sides or on none"):
        samples.psi(reference={"web": 3}, current=[3])


def test_blocks_without_a_partner_are_refused() -> None:
    with pytest.raises(HarnessError, match="the same blocks; found 2 of k, 2 of n, 1 of near"):
        samples.exceedance(k=[0, 0], n=[20, 20], near=[1])


@pytest.mark.parametrize("other", [samples.ratio(**GAP), samples.proportion(k=1, n=2)])
def test_odds_are_of_two_gaps(other: Sample) -> None:
    with pytest.raises(HarnessError, match=r"takes fpr=samples.gap\(k=, n=, k_ref=, n_ref=\)"):
        samples.odds(tpr=samples.gap(**GAP), fpr=other)


def test_counts_that_cannot_be_are_the_error_of_who_infers() -> None:
    sample = samples.proportion(k=3, n=0)

    with pytest.raises(HarnessError, match="takes counts k of n"):
        infer(sample)


def test_what_was_not_measured_has_neither_counts_nor_rows() -> None:
    assert Sample(statistic="auc") == samples.unmeasured("auc")
