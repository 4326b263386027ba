"""A load is fresh rows: every one has ids and times of its own, so that loads of a candidate are judged together."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import Run

Service = tuple[Any, str]


@pytest.mark.parametrize(
    ("check", "metric"), [("latency.open_loop", "over_limit"), ("latency.compare", "more_over_limit")]
)
def test_the_second_load_of_a_candidate_is_judged_with_the_first(
    harness: Callable[..., Any], suite: Callable[..., Path], service: Service, check: str, metric: str
) -> None:
    other = {"baseline_url": service[1]} if check == "latency.compare" else {}
    file = suite("/", check, metrics=[metric], at_most=0.9, severity="must", **other)

    runs = [json.loads(harness("run", file, "--json").out)["runs"][0] for _ in range(2)]

    assert ["pass", "pass"] == [run["verdicts"][0]["outcome"] for run in runs]
    assert [500, 1000] == [run["verdicts"][0]["estimate"]["n"] for run in runs]


def test_requests_of_two_loads_lie_one_load_after_the_other(run: Callable[..., Run]) -> None:
    first, second = (_rows(run()) for _ in range(2))

    assert not set(first["id"].to_pylist()) & set(second["id"].to_pylist())
    assert max(first["time"].to_pylist()) < min(second["time"].to_pylist())


def test_clusters_of_two_loads_are_not_one_cluster(run: Callable[..., Run], service: Service) -> None:
    given = {"check": "latency.compare", "baseline_url": service[1], "metrics": ["more_over_limit"]}

    first, second = (set(_rows(run(**given))["cluster.block"].to_pylist()) for _ in range(2))

    assert (20, 20, set()) == (len(first), len(second), first & second)


def test_a_declared_stall_sets_how_long_the_stretches_of_a_comparison_are(
    run: Callable[..., Run], service: Service
) -> None:
    given = {"check": "latency.compare", "baseline_url": service[1], "metrics": ["more_over_limit"]}

    found = run(longest_stall=0.01, **given)

    (rows,) = [each.sample.rows for each in found.measurements if each.metric == "more_over_limit"]
    assert rows.num_rows // (3 * 4) == len(set(rows["cluster.block"].to_pylist()))
    assert "stretches of time, the baseline's in" in found.verdicts[0].notes[0]


def test_a_declared_stall_is_known_to_the_sample_in_requests(run: Callable[..., Run]) -> None:
    found = run(longest_stall=0.01)

    assert {"stall": 4.0} == dict(found.measurements[0].sample.counts)


def _rows(run: Run) -> Any:
    return run.measurements[0].sample.rows
