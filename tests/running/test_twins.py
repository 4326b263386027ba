"""A model that is logged again is the candidate that it was: what scores rows alike is one for counting looks."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from conftest import Command, Finished

ROWS = 4000
SUITE = """name: NAME
params: {model: str, table: str}
data: {d: {source: {param: table}, id: id, label: fraud}}
target: {kind: table, config: {data: d, score: score, operating_point: {threshold: 0.5}, model: {param: model}}}
steps:
  - {check: quality.classifier, require: {roc_auc: {at_least: ASKED}}}
"""
GATES = "project: demo\ngates: {production: {suites: [m], on_inconclusive: report}}\n"


@dataclass(frozen=True, kw_only=True)
class Logging:
    """A project in which models are logged under several names, each with its scores of some rows."""

    folder: Path
    command: Command
    fraud: NDArray[np.bool_]
    good: NDArray[np.float64]

    def judge(self, model: str, first: int, last: int, scores: NDArray[np.float64] | None = None, *more: str) -> Any:
        """Run the suite for a model on the rows between two ids; return the verdict."""
        self.write(first, last, self.good if scores is None else scores)
        arguments = ("m.suite.yaml", "--param", f"model={model}", "--param", "table=rows.parquet", "--json", *more)
        return json.loads(self.command("run", *arguments).out)["runs"][0]["verdicts"][0]

    def write(self, first: int, last: int, scores: NDArray[np.float64]) -> None:
        table = pa.table({"id": np.arange(ROWS), "fraud": self.fraud.astype(int), "score": scores})
        pq.write_table(table.slice(first, last - first), self.folder / "rows.parquet")

    def ask(self, at_least: float, name: str = "m") -> None:
        text = SUITE.replace("ASKED", str(at_least)).replace("NAME", name)
        (self.folder / "m.suite.yaml").write_text(text)

    def gate(self, model: str) -> Finished:
        return self.command("gate", "production", "--candidate", model, "--gates", "gates.yaml")


@pytest.fixture
def logging(project: Path, harness: Command) -> Logging:
    rng = np.random.default_rng(3)
    fraud = rng.random(ROWS) < 0.2
    (project / "gates.yaml").write_text(GATES)
    found = Logging(folder=project, command=harness, fraud=fraud, good=scores_of(fraud, 1.2, seed=4))
    found.ask(0.75)
    return found


def scores_of(fraud: NDArray[np.bool_], distance: float, seed: int) -> NDArray[np.float64]:
    noise = np.random.default_rng(seed).normal(size=len(fraud))
    return np.asarray(1 / (1 + np.exp(-noise - distance * fraud)))


def look(verdict: Any) -> tuple[int, int]:
    return verdict["look"]["number"], verdict["look"]["size"]


def test_a_model_logged_again_takes_no_look_at_the_same_rows(logging: Logging) -> None:
    first, again = logging.judge("v1", 0, 1000), logging.judge("v2", 0, 1000)

    assert ((1, 1000), (1, 1000)) == (look(first), look(again))
    assert first["estimate"] == again["estimate"]
    assert ["declared v1"] == again["look"]["alike"]
    assert "scored as v1 on the rows of both, so both are one candidate" in again["notes"][-1]


def test_a_model_logged_again_goes_on_with_the_looks_that_were_taken_under_its_other_names(logging: Logging) -> None:
    logging.judge("v1", 0, 1000)
    second = logging.judge("v2", 500, 2000)
    logging.ask(0.75, name="other")
    third = logging.judge("v3", 1900, 4000)

    assert [(2, 2000), (3, 4000)] == [look(second), look(third)]
    assert (["declared v1"], ["declared v1", "declared v2"]) == (second["look"]["alike"], third["look"]["alike"])


def test_a_model_logged_again_is_known_where_later_rows_are_not_shared(logging: Logging) -> None:
    logging.judge("v1", 0, 1000)
    logging.judge("v2", 500, 2000)

    assert (3, 4000) == look(logging.judge("v2", 2000, 4000))


def test_labels_that_came_late_make_no_other_candidate(logging: Logging) -> None:
    logging.judge("v1", 0, 1000)
    logging.fraud[np.flatnonzero(~logging.fraud[:1000])[:5]] = True

    assert (2, 2000) == look(logging.judge("v2", 0, 2000))


def test_other_scores_are_another_candidate(logging: Logging) -> None:
    other = logging.good.copy()
    other[7] += 1e-6
    logging.judge("v1", 0, 1000)

    assert (1, 1500) == look(logging.judge("v3", 0, 1500, other))


def test_few_shared_rows_and_scores_that_are_all_alike_tell_nothing(logging: Logging) -> None:
    logging.judge("v1", 0, 1000)
    few = logging.judge("v2", 990, 2500)
    flat = np.full(ROWS, 0.5)
    logging.judge("v3", 0, 1000, flat)

    assert ((1, 1510), (1, 1000)) == (look(few), look(logging.judge("v4", 500, 1500, flat)))


def test_a_pass_must_hold_on_the_rows_of_the_model_itself(logging: Logging) -> None:
    """Whoever scores a hundred shared rows alike and is worse elsewhere does not pass on the rows of the better one."""
    logging.ask(0.66)
    worse = np.where(np.arange(ROWS) < 1000, logging.good, scores_of(logging.fraud, 0.6, seed=5))
    logging.judge("v1", 0, 1000)

    found = logging.judge("v2", 900, 1500, worse)

    assert (["declared v1"], "inconclusive") == (found["look"]["alike"], found["outcome"])
    assert 600 == found["estimate"]["n"]


def test_a_fail_stays_for_a_model_that_is_logged_again(logging: Logging) -> None:
    logging.ask(0.84)
    assert "fail" == logging.judge("v1", 0, 1000)["outcome"]
    logging.fraud[:], logging.good[1000:] = logging.fraud, scores_of(logging.fraud, 1.6, seed=6)[1000:]

    assert "inconclusive" == logging.judge("v2", 500, 2500)["outcome"]

    decision = logging.gate("v2")
    assert (1, True) == (decision.code, "failed on " in decision.out and "look 2 cannot tell" in decision.out)


def test_a_model_logged_again_is_no_second_candidate_where_more_is_asked_of_it(logging: Logging) -> None:
    logging.judge("v1", 0, 1000)
    text = (logging.folder / "m.suite.yaml").read_text()
    (logging.folder / "m.suite.yaml").write_text(text.replace("{roc_auc:", "{recall: {at_least: 0.4}, roc_auc:"))
    arguments = ("run", "m.suite.yaml", "--param", "table=rows.parquet", "--param")

    again = [logging.command(*arguments, f"model={name}").err for name in ("v2", "v1")]

    assert ["", ""] == again


def test_rows_that_only_another_name_of_the_model_saw_again_are_not_corrected(logging: Logging) -> None:
    text = (logging.folder / "m.suite.yaml").read_text()
    (logging.folder / "m.suite.yaml").write_text(text.replace("{roc_auc:", "{recall: {at_least: 0.4}, roc_auc:"))
    logging.judge("v2", 0, 1000)
    logging.judge("v1", 0, 1500)

    found = logging.judge("v2", 1400, 4000)

    assert ("pass", ["declared v1"], 0) == (found["outcome"], found["look"]["alike"], found["look"]["corrected"])
