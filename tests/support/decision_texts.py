"""Writes the verdict texts of docs/decision.md from the real code: python tests/support/decision_texts.py."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from harness import samples
from harness.builtin.terminal import report
from harness.gating.decide import GateQuestion, decide
from harness.gating.gates import Gate
from harness.gating.waivers import Waiver
from harness.judging.judge import judge, judge_requirements
from harness.judging.looks import Earlier
from harness.judging.wording import explain
from harness.plugins.reports import Report
from harness.values.identity import Identity
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.runs import Run
from harness.values.verdicts import Look, Verdict

PAGE = Path(__file__).parents[2] / "docs" / "decision.md"
ASKED = Requirement(metric="recall", at_least=0.75, plan_for=0.80)
VERSUS = Requirement(metric="recall", versus="champion", lose_at_most=0.02)
FIRST = Look(number=1, size=214)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CANDIDATE = Identity(revision="models:/fraud/7", digest="sha256:" + "7" * 64)


def counted(k: int, n: int) -> Measurement:
    """Return a recall of k of n frauds."""
    sample = samples.proportion(k=k, n=n)
    return Measurement(
        metric="recall", sample=sample, unit="frauds", event="caught", step="quality", check="quality.classifier"
    )


def in_rows(y: np.ndarray, **columns: object) -> Measurement:
    """Return a recall of rows, one per fraud."""
    rows = pa.table({"id": np.arange(len(y)), "y": y.astype(float), **columns})
    return replace(counted(1, 1), sample=samples.rows.proportion(rows))


def compared(gained: int, lost: int) -> Verdict:
    """Return a challenger held to the champion: of 1,000 frauds it catches some more and some fewer."""
    champion = np.repeat([1, 0], [800, 200])
    challenger = champion.copy()
    challenger[:lost], challenger[800 : 800 + gained] = 0, 1
    return judge(VERSUS, in_rows(challenger), in_rows(champion), Look(number=1, size=1000))


def in_groups() -> Verdict:
    """Return 1,200 frauds at 60 terminals, most of which are caught wholly or not at all."""
    chance = np.random.default_rng(4)
    caught = np.concatenate([chance.random(20) < rate for rate in chance.beta(2, 0.5, 60)])
    return judge(ASKED, in_rows(caught, **{"cluster.terminal_id": np.repeat(np.arange(60), 20)}), look=FIRST)


def looked_again(before: tuple[int, int], since: tuple[int, int]) -> Verdict:
    """Return a verdict on frauds caught and missed since, judged together with those judged some days before."""
    old, new = in_rows(np.repeat([1, 0], before)), in_rows(np.repeat([1, 0], since))
    rows = new.sample.rows
    shifted = rows.set_column(0, "id", pa.array(np.arange(sum(before), sum(before) + sum(since)))) if rows else None
    old = replace(old, sample=replace(old.sample, digest="rows:1"))
    new = replace(new, sample=replace(new.sample, rows=shifted, digest="rows:2"))
    first = judge_requirements([ASKED], [old], old.step, old.check)
    run = replace(recorded(*first), measurements=(old,), as_of=NOW - timedelta(days=3))
    earlier = [Earlier(run=run, rows={"rows:1": old.sample.rows})]
    (verdict,) = judge_requirements([ASKED], [new], new.step, new.check, earlier=earlier)
    return verdict


def recorded(*verdicts: Verdict) -> Run:
    """Return the record of a run with these verdicts."""
    return Run(
        id="1f4a09c2d7b3",
        digest="sha256:" + "1" * 64,
        project="retail-fraud",
        suite="card-fraud",
        suite_digest="sha256:" + "2" * 64,
        candidate=CANDIDATE,
        verdicts=verdicts,
        measurements=(),
        as_of=NOW,
        started=NOW,
        finished=NOW,
    )


def waived() -> str:
    """Return what a gate says where someone answers for what was not shown."""
    waiver = Waiver(
        suite="card-fraud",
        step="quality",
        metric="recall",
        asked={"at_least": 0.75},
        candidate=str(CANDIDATE.digest),
        owner="model-risk@example.org",
        reason="the champion catches fewer, and rows come slowly",
        expires=datetime(2026, 6, 1, tzinfo=UTC),
    )
    run = recorded(judge(ASKED, counted(171, 214), look=FIRST))
    gate = Gate(suites=["card-fraud"])
    decision = decide(
        GateQuestion(
            gate=gate, candidate=CANDIDATE, stage="staging", project="retail-fraud", now=NOW, waivers=[waiver]
        ),
        [run],
    )
    return report(Report(runs=[run], decision=decision), Path())


def softened() -> str:
    """Return what a gate of twelve musts says where one misses by little."""
    run = recorded(judge(ASKED, counted(145, 214)), *[judge(ASKED, counted(190, 214))] * 11)
    decision = decide(
        GateQuestion(gate=Gate(suites=["card-fraud"]), candidate=CANDIDATE, stage="staging", project="p", now=NOW),
        [run],
    )
    return report(Report(runs=[run], decision=decision), Path())


def missing() -> Verdict:
    """Return the verdict on a metric that the check did not measure."""
    (verdict,) = judge_requirements(
        [ASKED], [replace(counted(1, 2), metric="precision")], "quality", "quality.classifier"
    )
    return verdict


TEXTS: Mapping[str, Callable[[], Verdict | str]] = {
    "pass": lambda: judge(ASKED, counted(190, 214)),
    "fail": lambda: judge(ASKED, counted(140, 214)),
    "inconclusive with a plan": lambda: judge(ASKED, counted(171, 214), look=FIRST),
    "inconclusive without a plan": lambda: judge(replace(ASKED, plan_for=None), counted(171, 214), look=FIRST),
    "as good as the champion": lambda: compared(30, 25),
    "worse than the champion": lambda: compared(5, 60),
    "perhaps as good as the champion": lambda: compared(30, 40),
    "clusters": in_groups,
    "second look": lambda: looked_again((171, 43), (320, 80)),
    "a look that stands": lambda: looked_again((171, 43), (96, 24)),
    "a pass withdrawn": lambda: looked_again((190, 24), (70, 50)),
    "looks spent": lambda: judge(
        replace(ASKED, looks=2), counted(171, 214), look=Look(number=3, planned=2, spent=True)
    ),
    "error": missing,
    "waived": waived,
    "one of twelve": softened,
}


def text(name: str) -> str:
    """Return one text as it is shown."""
    found = TEXTS[name]()
    return found if isinstance(found, str) else explain(found)


def filled(page: str) -> str:
    """Return the page with every block below `<!-- verdict: NAME -->` as the product writes it now."""
    block = re.compile(r"(<!-- verdict: (.+?) -->\n```text\n).*?(```)", re.DOTALL)
    return block.sub(lambda found: f"{found[1]}{text(found[2])}\n{found[3]}", page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
