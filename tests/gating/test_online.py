"""Levels fall with every candidate and rise with every pass, as LORD++ says; shown with the real judge and gate."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import Command
from harness import samples
from harness.gating.decide import GateQuestion, decide
from harness.gating.gates import Gate
from harness.gating.online import correct_pass, level_share
from harness.judging.judge import judge
from harness.values.decisions import GateDecision
from harness.values.identity import Identity
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.verdicts import Verdict
from tests.support.decisions import NOW, run
from tests.support.looking import Looking

CORRECT = Gate(suites=["card"], many_candidates="correct")
ASKED = Requirement(metric="recall", at_least=0.75)
ROWS = 1000


def judged(hits: int) -> Verdict:
    return judge(ASKED, Measurement(metric="recall", sample=samples.proportion(k=hits, n=ROWS)))


def decided(name: str, verdict: Verdict, passed: Sequence[bool], gate: Gate = CORRECT) -> GateDecision:
    who = Identity(revision=name)
    asked = GateQuestion(
        project="demo", stage="staging", gate=gate, candidate=who, now=NOW, passed_before=tuple(passed)
    )
    return decide(asked, [run(verdict, candidate=who)])


def simulate(count: int, truth: float, seed: int = 0) -> list[bool]:
    """Return which of some candidates passed, one after the other."""
    rng, passed = np.random.default_rng(seed), list[bool]()
    for number in range(count):
        decision = decided(f"m/{number}", judged(int(rng.binomial(ROWS, truth))), passed)
        passed.append(decision.outcome == "pass")
    return passed


def test_levels_are_those_of_the_formula() -> None:
    gamma: Callable[[int], float] = lambda n: 1 / (n * (n + 1))  # noqa: E731

    assert [0.5 * gamma(1), 0.5 * gamma(2)] == [level_share(()), level_share((False,))]
    assert 0.5 * gamma(4) + 0.5 * gamma(3) + gamma(1) == pytest.approx(level_share((True, False, True)))


def test_after_a_hundred_good_candidates_the_level_is_still_near_alpha() -> None:
    passed = simulate(100, truth=0.85)

    assert 99 <= sum(passed)
    assert 0.95 < level_share(passed) <= 1


def test_after_thirty_failures_the_level_is_below_a_thirtieth() -> None:
    passed = simulate(30, truth=0.65)

    assert 0 == sum(passed)
    assert level_share(passed) < 1 / 30


def test_levels_of_candidates_that_all_fail_never_sum_to_more_than_the_start() -> None:
    assert sum(level_share([False] * number) for number in range(2000)) <= 0.5


def test_a_pass_that_does_not_hold_at_its_level_is_inconclusive_and_says_why() -> None:
    verdict = judged(785)

    alone, late = decided("m/1", verdict, (), Gate(suites=["card"])), decided("m/9", verdict, [False] * 8)

    assert ("pass", "inconclusive") == (alone.outcome, late.outcome)
    assert "judged alone it would pass, but 8 candidates came before, of which 0 passed" in late.reasons[0]
    assert late.warnings[0].endswith("so it is held to 0.56 % of the usual chance of error")


def test_a_run_that_does_not_say_its_chance_is_no_pass() -> None:
    verdict = judged(900)
    assert verdict.estimate
    old = replace(verdict, estimate=replace(verdict.estimate, p_pass=None))

    assert ("pass", "error") == (correct_pass(verdict, ()).outcome, correct_pass(old, ()).outcome)


def test_what_has_no_sampling_error_is_held_to_no_level() -> None:
    found = Measurement(metric="recall", sample=samples.exact(value=0.75, n=3))

    assert "pass" == correct_pass(judge(ASKED, found), [False] * 99).outcome


def test_the_gate_command_counts_who_was_judged_before_gated_or_not(project: Path, harness: Command) -> None:
    looking = Looking(folder=project, harness=harness)
    looking.ask()
    (looking.folder / "gates.yaml").write_text("gates: {staging: {suites: [card], many_candidates: correct}}\n")
    for number in range(3):
        looking.look(0, 400, f"m/{number}")
    first = harness("gate", "staging", "--candidate", "m/0", "--gates", "gates.yaml")
    looking.look(0, 400, "m/3")

    found = harness("gate", "staging", "--candidate", "m/3", "--gates", "gates.yaml")

    assert "candidates came before" not in first.out
    assert f"3 candidates came before, of which {int(first.code == 0)} passed" in found.out
