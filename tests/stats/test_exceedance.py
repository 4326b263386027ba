"""Requests beyond a limit, in bursts: levels by seeded simulation, and what blocks are worth."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import beta, norm, t

from harness import Measurement, Requirement, samples
from harness.errors import HarnessError
from harness.judging.judge import judge
from harness.stats import infer

RUNS = 600


def rows(latency, limit=100.0, stall=None, **columns):
    return samples.rows.exceedance(pa.table({"y": (latency > limit) * 1, "score": latency, **columns}), stall=stall)


def blocks(k, n, near):
    return samples.exceedance(k=k, n=n, near=near)


def latencies(rng, p99, n, rho):
    """Return milliseconds whose logarithm is a stationary AR(1) with the given 99th percentile."""
    noise = rng.standard_normal(n + 500) * math.sqrt(1 - rho**2)
    return p99 * np.exp(0.5 * (lfilter([1], [1, -rho], noise)[500:] - norm.ppf(0.99)))


@pytest.mark.parametrize(("rho", "n"), [(0.0, 2000), (0.9, 2000), (0.9, 10_000), (0.97, 10_000)])
def test_requests_in_bursts_keep_the_level(rho, n):
    rng = np.random.default_rng(1)

    passed = np.mean([infer(rows(latencies(rng, 100, n, rho))).bounds(0.05)[1] < 0.01 for _ in range(RUNS)])

    assert passed <= 0.06 + 2 * math.sqrt(0.06 * 0.94 / RUNS)


def bursts(rng, n, length, share):
    """Return latencies of which this share is slow, in bursts of a geometric length."""
    starts = np.flatnonzero(rng.random(n) < share / (1 - share) / length)
    slow = np.zeros(n, bool)
    for start, size in zip(starts, rng.geometric(1 / length, len(starts)), strict=True):
        slow[start : start + size] = True
    return np.where(slow, 150.0, rng.lognormal(3, 0.4, n).clip(max=99))


@pytest.mark.parametrize(("n", "length", "share"), [(10_000, 10, 0.01), (20_000, 30, 0.01)])
def test_few_bursts_of_uneven_length_keep_the_level(n, length, share):
    rng = np.random.default_rng(4)
    loads = [bursts(rng, n, length, share) for _ in range(RUNS // 2)]
    truth = np.mean([(bursts(rng, n, length, share) > 100).mean() for _ in range(RUNS)])

    passed = np.mean([infer(rows(load)).bounds(0.05)[1] < truth for load in loads if load.max() > 100])

    assert passed <= 0.06 + 2 * math.sqrt(0.06 * 0.94 / (RUNS // 2))


def test_two_stalls_are_too_few_to_tell_how_often_they_come():
    stalled = np.full(20_000, 20.0)
    stalled[3000:3200] = stalled[15_000:15_180] = 900

    seen = infer(rows(stalled))

    assert seen.bounds(0.05)[1] == pytest.approx(beta.ppf(0.95, 3, 18))
    assert "came in 2 bursts, the largest of 200: how often they come is not known" in seen.notes[0]
    counted = [np.bincount(np.arange(20_000) // 1000, stalled > limit) for limit in (100, 10)]
    assert seen.bounds(0.05)[1] == infer(blocks(counted[0], np.full(20, 1000), counted[1])).bounds(0.05)[1]


def test_no_stall_in_a_load_says_what_it_takes_for_granted():
    (note,) = infer(rows(np.full(2000, 20.0) + np.arange(2000) % 7)).notes

    assert "a stall that comes less than 3 times in 2,000 requests may not have come" in note


def stalls(rng, n, number, size):
    """Return latencies of a service that stalls so often on average, each time for so many of n requests."""
    latency = rng.lognormal(3, 0.3, n + size).clip(max=99)
    for at in rng.integers(0, n + size, rng.poisson(number * (n + size) / n)):
        latency[at : at + size] = 900
    return latency[size:]


@pytest.mark.parametrize(("n", "number", "size"), [(20_000, 2, 200), (10_000, 1, 100)])
def test_a_declared_stall_that_did_not_come_keeps_the_level(n, number, size):
    rng = np.random.default_rng(6)
    truth = -math.expm1(-number * size / n)
    loads = [stalls(rng, n, number, size) for _ in range(120)]

    passed = np.mean([infer(rows(load, stall=size)).bounds(0.05)[1] <= truth for load in loads])
    silent = np.mean([infer(rows(load)).bounds(0.05)[1] <= truth for load in loads if load.max() < 100])

    assert passed <= 0.06
    assert silent == 1  # what nobody declared cannot be told from a service that never stalls


def test_a_load_without_a_slow_request_is_bound_by_three_declared_stalls():
    fast = np.full(20_000, 20.0) + np.arange(20_000) % 7

    seen = infer(rows(fast, stall=200))

    assert seen.bounds(0.05) == pytest.approx((0, -math.log(0.05) * 200 / 20_000))
    assert seen.notes == ("0 bursts seen; stalls that hold up 200 of 20,000 requests, as declared, are reckoned with",)
    counted = samples.exceedance(k=[0] * 20, n=[1000] * 20, near=[50] * 20)
    declared = replace(counted, counts={**counted.counts, "stall": 200.0})
    assert infer(declared).bounds(0.05) == seen.bounds(0.05)


def test_the_verdict_on_a_declared_stall_says_how_many_requests_it_takes():
    requirement = Requirement(metric="over_limit", at_most=0.01, plan_for=0.002)
    fast = np.full(20_000, 20.0) + np.arange(20_000) % 7

    verdict = judge(requirement, Measurement(metric="over_limit", sample=rows(fast, stall=200), better="lower"))

    assert verdict.outcome == "inconclusive"
    assert verdict.n_needed == pytest.approx(-math.log(0.025) * 200 / 0.008, rel=0.01)
    longer = np.tile(fast, 5)
    passed = judge(requirement, Measurement(metric="over_limit", sample=rows(longer, stall=200), better="lower"))
    assert passed.outcome == "pass"


@pytest.mark.parametrize("stall", [None, 1])
def test_500_requests_of_which_none_is_slow_can_pass(stall):
    fast = np.full(500, 20.0) + np.arange(500) % 7

    assert infer(rows(fast, stall=stall)).bounds(0.025)[1] < 0.01


def test_a_stall_shorter_than_those_seen_changes_nothing():
    latency = bursts(np.random.default_rng(8), 20_000, 30, 0.01)

    assert infer(rows(latency, stall=2)).bounds(0.05) == infer(rows(latency)).bounds(0.05)


def test_a_stall_of_less_than_no_request_is_refused():
    with pytest.raises(HarnessError, match="found -1; correct `stall`"):
        infer(rows(np.ones(400), stall=-1))


def test_bursts_taken_for_independent_requests_do_not_keep_it():
    rng = np.random.default_rng(1)

    def alone(latency):
        return samples.proportion(k=int((latency > 100).sum()), n=len(latency))

    passed = [infer(alone(latencies(rng, 100, 2000, 0.9))).bounds(0.05)[1] < 0.01 for _ in range(RUNS)]
    assert np.mean(passed) > 0.2


def test_fast_independent_requests_pass():
    rng = np.random.default_rng(2)

    passed = [infer(rows(latencies(rng, 80, 2000, 0.0))).bounds(0.05)[1] < 0.01 for _ in range(100)]

    assert np.mean(passed) > 0.9


def test_no_slow_request_is_worth_what_the_blocks_show():
    seen = infer(blocks(np.zeros(20), np.full(20, 100), np.full(20, 5)))

    worth = 2000 * (norm.ppf(0.05) / t.ppf(0.05, 19)) ** 2
    assert seen.n_eff == 2000
    assert seen.bounds(0.05) == pytest.approx((0, beta.ppf(0.95, 1, worth)))


def test_blocks_that_differ_are_worth_less():
    uneven = np.r_[np.zeros(15), np.full(5, 20)]

    seen = infer(blocks(uneven, np.full(20, 100), uneven))

    share = 0.05
    variance = 20 / 19 * ((uneven - 5) ** 2).sum() / 2000**2
    assert seen.n_eff == pytest.approx(share * (1 - share) / variance)
    assert (seen.clusters, seen.hits, seen.n) == (20, 100, 2000)


@given(seed=st.integers(0, 40))
def test_time_orders_the_rows_and_bounds_hold_the_value(seed):
    rng = np.random.default_rng(seed)
    latency, order = latencies(rng, 110, 600, 0.8), rng.permutation(600)

    seen = infer(rows(latency))
    shuffled = infer(rows(latency[order], time=order))
    lower, upper = seen.bounds(0.05)

    assert seen == shuffled
    assert 0 <= lower <= seen.value <= upper <= 1


def test_few_requests_or_blocks_are_refused():
    with pytest.raises(HarnessError, match="found 399 requests; send 400 or more"):
        infer(rows(np.ones(399)))
    with pytest.raises(HarnessError, match="of 20 blocks of time or more; found 19 blocks"):
        infer(blocks(np.zeros(19), np.full(19, 100), np.zeros(19)))


def test_two_runs_have_no_difference():
    with pytest.raises(HarnessError, match="cannot be paired"):
        infer(*[blocks(np.zeros(20), np.full(20, 100), np.zeros(20))] * 2)


def test_a_start_that_makes_the_first_requests_slow_is_named_as_what_they_are_worth_little_for():
    latency = 10 + np.random.default_rng(1).exponential(1, 2400)
    latency[:200] += 20

    cold, warm = (infer(rows(each)) for each in (latency, latency[200:]))

    assert cold.n_eff < 100 < warm.n_eff
    assert "of the 120 slowest requests came in the first of 20 blocks of time" in cold.notes[-1]
    assert not any("warm-up" in note for note in warm.notes)
