"""Waivers stand for one requirement and one candidate, until a day, and never look like a pass."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import Command
from harness.errors import UsageError
from harness.gating.gates import Gate
from harness.gating.waivers import Waiver, WaiversFile, read_waivers
from harness.values.decisions import GateDecision
from harness.values.outcomes import Outcome
from harness.values.verdicts import Verdict
from tests.support.decisions import CANDIDATE, GATE, NOW, run, verdict
from tests.support.gates import DIGEST
from tests.support.suites import suite

WAIVER = {
    "suite": "card",
    "step": "quality",
    "metric": "recall",
    "asked": {"at_least": 0.7},
    "candidate": CANDIDATE.digest,
    "owner": "risk@example.org",
    "reason": "the old model is worse",
    "expires": "2026-06-01",
}


def waiver(**changes: object) -> Waiver:
    return Waiver.model_validate(WAIVER | changes)


def found(outcome: Outcome) -> Verdict:
    return replace(verdict(outcome), step="quality")


def waived(outcome: Outcome, *waivers: Waiver, gate: Gate = GATE, also: Sequence[Verdict] = ()) -> GateDecision:
    from harness.gating.decide import GateQuestion, decide

    runs = [run(found(outcome), *also)]
    return decide(
        GateQuestion(gate=gate, candidate=CANDIDATE, stage="ci", project="demo", now=NOW, waivers=waivers), runs
    )


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_a_waiver_turns_what_did_not_pass_into_waived(outcome: Outcome) -> None:
    decision = waived(outcome, waiver())

    assert ("waived", False) == (decision.outcome, decision.blocks)
    message = "waived: card: recall: waived until 2026-06-01 by risk@example.org (the old model is worse); it was"
    assert (f"{message} {outcome}: because {outcome}",) == decision.reasons


def test_a_waiver_that_applies_is_not_warned_about() -> None:
    assert () == waived("fail", waiver()).warnings


def test_a_waiver_ends_at_the_moment_it_expires() -> None:
    decision = waived("fail", waiver(expires=NOW.isoformat()))

    assert ("fail", True) == (decision.outcome, "it expired on 2026-05-01" in decision.warnings[0])


def test_a_waiver_never_stands_for_an_error() -> None:
    decision = waived("error", waiver())

    assert "error" == decision.outcome
    assert "does not apply: it cannot stand for what was not measured" in decision.warnings[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expires": "2026-05-01T12:00:00"}, "it expired on 2026-05-01"),
        ({"candidate": "sha256:" + "b" * 64}, "it names candidate sha256:bbbbbbbbbbbb…, not this one"),
        ({"metric": "precision"}, "it names no requirement that this gate holds"),
        ({"asked": {"at_least": 0.6}}, "it names no requirement that this gate holds"),
        ({"labels": {"channel": "web"}}, "it names no requirement that this gate holds"),
        ({"suite": "other"}, "it names no requirement that this gate holds"),
        ({"step": "other"}, "it names no requirement that this gate holds"),
    ],
)
def test_a_waiver_of_something_else_does_not_apply_and_says_so(changes: dict[str, object], message: str) -> None:
    decision = waived("fail", waiver(**changes))

    assert "fail" == decision.outcome
    assert message in decision.warnings[0]


def test_a_waiver_that_is_not_needed_changes_nothing() -> None:
    decision = waived("pass", waiver())

    assert ("pass", True) == (decision.outcome, "it is not needed" in decision.warnings[0])


def test_a_gate_that_promotes_takes_no_unsigned_waiver() -> None:
    decision = waived("fail", waiver(), gate=Gate(suites=["card"], promote={"mlflow": {}}))

    assert (True, True) == ("fail" in {each.outcome for each in decision.findings}, decision.blocks)
    assert "it is not signed, and a gate that promotes takes no unsigned one" in decision.warnings[0]


def test_one_waiver_does_not_stand_for_another_requirement() -> None:
    other = replace(found("fail"), metric="precision")

    assert "fail" == waived("fail", waiver(), also=[other]).outcome


def test_a_waived_requirement_does_not_hide_behind_one_that_passes() -> None:
    passing = replace(found("pass"), metric="precision")

    assert "waived" == waived("inconclusive", waiver(), also=[passing]).outcome


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"owner": ""}, "waivers.0.owner"),
        ({"reason": ""}, "waivers.0.reason"),
        ({"asked": {}}, "waivers.0.asked"),
        ({"candidate": "v2"}, "waivers.0.candidate"),
        ({"until": "2026-06-01"}, "unknown key 'until'"),
        ({"expires": "never"}, "waivers.0.expires"),
    ],
)
def test_what_is_wrong_in_a_waivers_file_is_said(tmp_path: Path, change: dict[str, object], message: str) -> None:
    import yaml

    (tmp_path / "w.yaml").write_text(yaml.safe_dump({"waivers": [WAIVER | change]}))

    with pytest.raises(UsageError, match=message):
        read_waivers(tmp_path / "w.yaml")


def test_a_waivers_file_that_says_no_version_is_of_the_first_and_one_letter_names_an_owner() -> None:
    written = WaiversFile.model_validate({"waivers": [WAIVER | {"owner": "o", "reason": "r"}]})

    assert (1, "o", "r") == (written.version, written.waivers[0].owner, written.waivers[0].reason)


FILE = f"""waivers:
  - suite: s
    step: rows.rate
    metric: rate
    asked: {{at_least: 0.8}}
    candidate: {DIGEST}
    owner: risk@example.org
    reason: known and accepted
    expires: 2099-01-01
"""


def test_the_command_reads_the_file_that_gates_name_and_never_says_pass(gated: Path, harness: Command) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = pq.read_table(gated / "scores.parquet")
    pq.write_table(rows.append_column("by", pa.array([f"m/2@{DIGEST}"] * 400)), gated / "scores.parquet")
    path = suite(gated, "{at_least: 0.8}")
    path.write_text(path.read_text().replace("{data: d}", "{data: d, model: m/2, made_by: by}"))
    gates = gated / "ci" / "gates.yaml"
    gates.write_text("waivers: waivers.yaml\n" + gates.read_text())
    (gated / "ci" / "waivers.yaml").write_text(FILE)
    harness("run", path)

    done = harness("gate", "ci", "--candidate", "m/2")

    assert 0 == done.code
    assert done.out.splitlines()[-1].startswith("WAIVED  m/2 is let through on someone's word at ci")
    assert "waived until 2099-01-01 by risk@example.org (known and accepted); it was inconclusive" in done.out
    assert "pass" not in done.out.lower()
