"""How verdicts are named in MLflow, and what is not printed."""

from typing import Any

import pytest
from harness_mlflow.tracking import metrics_of, place

from harness import Estimate, Requirement, Verdict


def verdict(metric: str = "recall", value: float = 0.8, versus: str | None = None, **more: Any) -> Verdict:
    asked = {"versus": versus, "lose_at_most": 0.1} if versus else {"at_least": 0.7}
    estimate = Estimate(value=value, lower=0.7, upper=None, level=0.95, n=10, n_eff=10, method="exact")
    given = {"check": "q.c", "step": "q.c#2", "outcome": "pass", "reason": "", "estimate": estimate, **more}
    return Verdict(metric=metric, requirement=Requirement(metric=metric, **asked), **given)


def test_names_hold_what_tells_verdicts_apart() -> None:
    found = metrics_of([verdict(), verdict(versus="champion"), verdict(labels={"channel": "e/comm & more"})])

    expected = ["q.c_2.recall", "q.c_2.recall versus champion", "q.c_2.recall channel e_comm _ more"]
    assert [f"{name}/{bound}" for name in expected for bound in ("value", "lower")] == list(found)


def test_two_verdicts_of_one_name_are_both_kept() -> None:
    found = metrics_of([verdict(), verdict(value=0.9)])

    assert (0.8, 0.9) == (found["q.c_2.recall/value"], found["q.c_2.recall 2/value"])


def test_a_verdict_that_measured_nothing_has_no_metrics() -> None:
    assert {} == metrics_of([verdict(outcome="error", estimate=None)])


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://me:secret@db:5432/mlflow", "postgresql://db:5432/mlflow"),
        ("sqlite:////tmp/mlflow.db", "sqlite:////tmp/mlflow.db"),
        ("https://me:secret@tracking.example/", "https://tracking.example/#/experiments/7"),
    ],
)
def test_an_experiment_is_shown_without_a_password(uri: str, shown: str) -> None:
    assert shown == place(uri, "7")
