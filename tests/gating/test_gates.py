from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.errors import UsageError
from harness.gating.gates import Approvals, Gate, candidate_named, read_gates
from harness.values.calls import Calls, Replay
from harness.values.canonical import canonical, sha256
from harness.values.identity import Identity
from harness.values.measurements import Measurement
from harness.values.outcomes import Outcome
from harness.values.requirements import Severity
from harness.values.runs import Data
from harness.values.samples import Sample
from harness.values.verdicts import Estimate, Look
from tests.support.decisions import CANDIDATE, GATE, MEASURED, NOW, decided, run, verdict
from tests.support.digests import digest_of

ESTIMATE = Estimate(value=0.9, lower=0.8, upper=1.0, level=0.95, n=9, n_eff=9, method="exact")


def rate(k: int) -> Sample:
    return Sample(statistic="proportion", counts={"k": k, "n": 9})


@pytest.mark.parametrize("worst", ["pass", "inconclusive", "fail", "error"])
def test_a_gate_is_as_good_as_its_worst_must(worst: Outcome) -> None:
    assert worst == decided(GATE, run(verdict("pass"), verdict(worst))).outcome


def test_a_gate_that_watches_promotes_nothing() -> None:
    with pytest.raises(ValidationError, match="remove watch or promote"):
        Gate(suites=["card"], watch=True, promote={"mlflow": {"model": "card"}})


def test_what_a_stage_may_not_ask_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "gates.yaml"
    path.write_text("gates:\n  ci: {suites: [card]}\n  prod: {suites: [card], promote: {file: champion.json}}\n")

    with pytest.raises(UsageError, match=r"gates.yaml:3:3: gates.prod: promotes, so it reads its suites") as refused:
        read_gates(path)

    assert "`suites: [card.suite.yaml]`" in str(refused.value)


@pytest.mark.parametrize("severity", ["should", "info"])
def test_should_and_info_never_block(severity: Severity) -> None:
    assert "pass" == decided(GATE, run(verdict("pass"), verdict("fail", severity))).outcome


def test_a_suite_that_was_not_run_is_an_error() -> None:
    decision = decided(Gate(suites=["card", "latency"]), run(verdict("pass")))

    assert "error" == decision.outcome
    assert ("error: latency: no run of this candidate in the ledger; run the suite first",) == decision.reasons


def test_all_that_keeps_a_candidate_from_passing_is_told_the_worst_first() -> None:
    decision = decided(GATE, run(verdict("inconclusive"), verdict("pass"), verdict("fail")))

    assert ["fail: card: recall: because fail", "inconclusive: card: recall: because inconclusive"] == list(
        decision.reasons
    )


@pytest.mark.parametrize(("replay", "replayed"), [("record", 1), ("strict", 0), ("off", 0)])
def test_a_gate_that_promotes_refuses_replayed_answers(replay: Replay, replayed: int) -> None:
    replayed_run = run(verdict("pass"), calls=Calls(replay=replay, answers="sha256:3", replayed=replayed, sent=1))
    promotes = Gate(suites=["card"], promote={"mlflow": {"model": "card"}})

    reasons = " ".join(decided(promotes, replayed_run).reasons)

    assert (replay != "off") == ("answers of language models were replayed" in reasons)
    assert "pass" == decided(GATE, replayed_run).outcome


def test_no_verdicts_prove_nothing() -> None:
    decision = decided(GATE, run())

    assert ("error", ("error: card: no must was judged, so nothing is proven",)) == (decision.outcome, decision.reasons)


def test_another_candidates_run_does_not_count() -> None:
    other = replace(CANDIDATE, digest="sha256:" + "b" * 64)

    assert "error" == decided(GATE, run(verdict("pass"), candidate=other)).outcome


def test_an_interactive_run_does_not_count() -> None:
    tried, recorded = run(verdict("pass"), origin="interactive"), run(verdict("fail"), age=timedelta(hours=2))

    assert "fail" == decided(GATE, tried, recorded).outcome


def test_what_was_recorded_of_other_candidates_takes_no_look_of_this_one() -> None:
    asked = replace(verdict("pass"), look=Look(number=1, planned=1), statistic="proportion", estimate=ESTIMATE)
    others = [replace(CANDIDATE, digest="sha256:" + letter * 64) for letter in "bc"]
    runs = [
        run(asked, candidate=each, measurements=[replace(MEASURED, sample=rate(k))])
        for k, each in enumerate([CANDIDATE, *others])
    ]

    assert "pass" == decided(GATE, *runs).outcome
    assert "inconclusive" == decided(GATE, *(replace(each, candidate=CANDIDATE) for each in runs)).outcome


@pytest.mark.parametrize(
    ("limit", "words"), [("24h", "24h"), ("2d", "2d"), ("90d", "90d"), ("36h", "36h"), ("90m", "90m"), ("60m", "1h")]
)
def test_an_age_limit_is_said_in_the_largest_unit_that_is_whole(limit: str, words: str) -> None:
    gate = Gate(suites=["card"], run_max_age=limit)  # type: ignore[arg-type]

    decision = decided(gate, run(verdict("pass"), age=timedelta(days=100)))

    assert f"is not of the last {words}; run the suite again" in decision.reasons[0]


def test_a_run_and_a_row_may_be_exactly_as_old_as_the_limit() -> None:
    gate = Gate(suites=["card"], run_max_age="24h", data_max_age="24h")  # type: ignore[arg-type]
    oldest = NOW - timedelta(hours=24)
    data = Data(uri="x", digest="sha256:3", rows=3, latest=oldest)

    assert "pass" == decided(gate, run(verdict("pass"), finished=oldest, datasets={"d": data})).outcome


def test_a_run_and_a_row_of_this_very_moment_are_not_of_the_future() -> None:
    gate = Gate(suites=["card"], data_max_age="24h")  # type: ignore[arg-type]
    data = Data(uri="x", digest="sha256:3", rows=3, latest=NOW)

    assert "pass" == decided(gate, run(verdict("pass"), finished=NOW, datasets={"d": data})).outcome


def test_a_gates_file_that_says_no_version_is_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "gates.yaml").write_text("gates: {production: {suites: [a]}}")

    assert 1 == read_gates(tmp_path / "gates.yaml").version


def test_approvals_are_written_by_the_names_of_their_fields_in_python() -> None:
    assert Approvals(count=1, groups=["risk"]) == Approvals.model_validate({"count": 1, "from": ["risk"]})


def test_the_newest_run_counts_also_when_it_is_worse() -> None:
    old, new = run(verdict("pass"), age=timedelta(hours=2)), run(verdict("fail"))

    assert "fail" == decided(GATE, new, old).outcome


@pytest.mark.parametrize(("age", "outcome"), [(23, "pass"), (25, "error"), (-1, "error")])
def test_a_run_must_be_fresh_and_not_of_the_future(age: int, outcome: str) -> None:
    gate = Gate(suites=["card"], run_max_age="24h")  # type: ignore[arg-type]

    assert outcome == decided(gate, run(verdict("pass"), age=timedelta(hours=age))).outcome


def test_of_two_runs_the_one_that_started_last_counts_also_if_it_finished_first() -> None:
    long = run(verdict("pass"), started=NOW - timedelta(hours=9), finished=NOW - timedelta(hours=1))
    short = run(verdict("fail"), started=NOW - timedelta(hours=3), finished=NOW - timedelta(hours=2))

    assert ("fail", "fail") == (decided(GATE, long, short).outcome, decided(GATE, short, long).outcome)


def test_the_age_of_a_run_counts_from_its_end() -> None:
    gate = Gate(suites=["card"], run_max_age="24h")  # type: ignore[arg-type]
    long = run(verdict("pass"), started=NOW - timedelta(hours=30), finished=NOW - timedelta(hours=20))

    assert "pass" == decided(gate, long).outcome


def test_a_run_that_ends_in_the_future_is_of_the_future() -> None:
    ahead = run(verdict("pass"), started=NOW - timedelta(hours=1), finished=NOW + timedelta(hours=1))

    assert "error" == decided(GATE, ahead).outcome


def test_a_run_of_the_future_is_an_error_also_without_an_age_limit() -> None:
    ahead, today = run(verdict("pass"), age=timedelta(hours=-30)), run(verdict("fail"))

    decision = decided(GATE, ahead, today)

    assert "error" == decision.outcome
    assert "card: the run of 2026-05-02 18:00 UTC is of the future" in decision.reasons[0]


@pytest.mark.parametrize("limit", ["run_max_age", "data_max_age"])
def test_an_age_limit_of_nothing_is_a_limit(limit: str) -> None:
    gate = Gate(suites=["card"], **{limit: "0s"})  # type: ignore[arg-type]
    data = Data(uri="x", digest="sha256:3", rows=3, latest=NOW - timedelta(days=1))

    assert "error" == decided(gate, run(verdict("pass"), datasets={"d": data})).outcome


def test_a_row_of_the_future_does_not_make_old_data_fresh() -> None:
    gate = Gate(suites=["card"], data_max_age="90d")  # type: ignore[arg-type]
    data = Data(uri="x", digest="sha256:3", rows=3, latest=NOW + timedelta(days=365))

    decision = decided(gate, run(verdict("pass"), datasets={"d": data}))

    assert "error" == decision.outcome
    assert "dataset 'd' has rows of 2027-05-01 12:00 UTC, which is the future" in decision.reasons[0]


@pytest.mark.parametrize(("days", "outcome"), [(80, "pass"), (100, "error"), (None, "error")])
def test_the_data_must_be_fresh_and_dated(days: int | None, outcome: str) -> None:
    gate = Gate(suites=["card"], data_max_age="90d")  # type: ignore[arg-type]
    latest = None if days is None else NOW - timedelta(days=days)
    data = Data(uri="x", digest="sha256:3", rows=3, latest=latest)

    assert outcome == decided(gate, run(verdict("pass"), datasets={"d": data})).outcome


@pytest.mark.parametrize("latest", [NOW - timedelta(days=100), None])
def test_fresh_rows_elsewhere_do_not_hide_that_judged_rows_are_old_or_undated(latest: datetime | None) -> None:
    gate = Gate(suites=["card"], data_max_age="90d")  # type: ignore[arg-type]
    fresh = Data(uri="x", digest="sha256:3", rows=3, latest=NOW)

    decision = decided(gate, run(verdict("pass"), datasets={"old": replace(fresh, latest=latest), "fresh": fresh}))

    assert "error" == decision.outcome
    assert "'old'" in decision.reasons[0]


def test_rows_that_only_serve_to_compare_may_be_old() -> None:
    gate = Gate(suites=["card"], data_max_age="90d")  # type: ignore[arg-type]
    fresh = Data(uri="x", digest="sha256:3", rows=3, latest=NOW)
    training = replace(fresh, latest=NOW - timedelta(days=400), judged=False)

    assert "pass" == decided(gate, run(verdict("pass"), datasets={"d": fresh, "training": training})).outcome


@pytest.mark.parametrize(("how", "blocks"), [("block", True), ("report", False)])
def test_inconclusive_is_reported_or_blocks_but_never_passes(how: str, blocks: bool) -> None:
    gate = Gate(suites=["card"], on_inconclusive=how)  # type: ignore[arg-type]

    decision = decided(gate, run(verdict("inconclusive")))

    assert ("inconclusive", blocks) == (decision.outcome, decision.blocks)


@pytest.mark.parametrize(("outcome", "blocks"), [("pass", False), ("fail", True), ("error", True)])
def test_a_failure_and_an_error_block_whatever_an_inconclusive_verdict_does(outcome: Outcome, blocks: bool) -> None:
    gate = Gate(suites=["card"], on_inconclusive="report")

    decision = decided(gate, run(verdict(outcome)))

    assert (outcome, blocks) == (decision.outcome, decision.blocks)


@pytest.mark.parametrize(
    ("first", "before", "outcome"),
    [("allow", False, "pass"), ("allow", True, "error"), ("refuse", False, "error")],
)
def test_a_first_promotion_passes_without_champion_only_if_there_never_was_one(
    first: str, before: bool, outcome: str
) -> None:
    gate = Gate(suites=["card"], first_promotion=first)  # type: ignore[arg-type]
    only = run(
        verdict("pass"), verdict("error", versus="champion"), baselines={"champion": None}, measurements=[MEASURED]
    )

    assert outcome == decided(gate, only, promoted_before=before).outcome


def test_a_first_promotion_does_not_excuse_what_fails_without_champion() -> None:
    gate = Gate(suites=["card"], first_promotion="allow")
    only = run(
        verdict("fail"), verdict("error", versus="champion"), baselines={"champion": None}, measurements=[MEASURED]
    )

    assert "fail" == decided(gate, only, promoted_before=False).outcome


@pytest.mark.parametrize(
    "measured", [[], [replace(MEASURED, failure="no alerts")], [replace(MEASURED, metric="precision")]]
)
def test_a_first_promotion_does_not_excuse_a_candidate_that_was_not_measured(measured: list[Measurement]) -> None:
    gate = Gate(suites=["card"], first_promotion="allow")
    only = run(verdict("error", versus="champion"), baselines={"champion": None}, measurements=measured)

    assert "error" == decided(gate, only, promoted_before=False).outcome


def test_a_promoting_gate_refuses_a_candidate_that_is_only_declared() -> None:
    declared = Identity(revision="v2")
    gate = Gate(suites=["card"], promote={"mlflow": {}})

    decision = decided(gate, run(verdict("pass"), candidate=declared), candidate=declared)

    assert "error" == decision.outcome
    assert "is only declared" in decision.reasons[0]


def test_approvals_that_nobody_gave_are_an_error() -> None:
    gate = Gate.model_validate({"suites": ["card"], "approvals": {"count": 1, "from": ["model-risk"]}})

    decision = decided(gate, run(verdict("pass")))

    assert ("error", ("error: 1 approval(s) of model-risk asked, 0 recorded",)) == (decision.outcome, decision.reasons)


def test_a_candidate_is_named_by_digest_or_by_a_revision_of_one_digest() -> None:
    assert CANDIDATE == candidate_named("models:/fraud/2", [CANDIDATE])
    assert CANDIDATE == candidate_named(str(CANDIDATE.digest), [CANDIDATE])


def test_a_revision_of_two_digests_names_nobody() -> None:
    candidates = [CANDIDATE, replace(CANDIDATE, digest=digest_of("other"))]

    with pytest.raises(UsageError, match="was run with 2 digests; name one of sha256:"):
        candidate_named("models:/fraud/2", candidates)


@pytest.mark.parametrize("length", [12, 19, 40, 71])
def test_a_candidate_is_named_by_the_start_of_its_digest(length: int) -> None:
    others = [replace(CANDIDATE, revision="other", digest=digest_of("other")), Identity(revision="v3")]

    digest = str(CANDIDATE.digest)
    assert [CANDIDATE] * 2 == [
        candidate_named(text, [CANDIDATE, *others]) for text in (digest[:length], digest[7 : length + 7])
    ]


def test_a_start_of_two_digests_names_nobody() -> None:
    alike = replace(CANDIDATE, digest=str(CANDIDATE.digest)[:-1] + "0")

    with pytest.raises(UsageError, match="was run with 2 digests; name one of sha256:"):
        candidate_named(str(CANDIDATE.digest)[:20], [CANDIDATE, alike])


def test_a_revision_with_and_without_a_digest_is_told_apart_by_it() -> None:
    with pytest.raises(UsageError, match=r"with 1 digests; name one of sha256:[0-9a-f]{64}; other runs .* have none"):
        candidate_named("models:/fraud/2", [CANDIDATE, replace(CANDIDATE, digest=None)])


def test_a_start_of_no_digest_names_nobody() -> None:
    with pytest.raises(UsageError, match=r"has a digest that starts with 'sha256:0123'; there is models:/"):
        candidate_named("sha256:0123", [CANDIDATE])


def test_an_unknown_candidate_is_an_error_of_every_suite() -> None:
    asked = candidate_named("models:/fraud/9", [CANDIDATE])

    assert "error" == decided(GATE, run(verdict("pass")), candidate=asked).outcome


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gates: {}", "gates"),
        ("gates: {p: {suites: []}}", "gates.p.suites"),
        ("gates: {p: {suits: [a]}}", "gates.p: unknown key 'suits'; did you mean 'suites'?"),
        ("gates: {p: {suites: [a], run_max_age: 1 day}}", "is a number and a unit"),
        ("gates: {p: {suites: [a], promote: {m: {}}, on_inconclusive: report}}", "must block on inconclusive"),
    ],
)
def test_what_is_wrong_in_a_gates_file_is_said(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "gates.yaml").write_text(text)

    with pytest.raises(UsageError, match=message):
        read_gates(tmp_path / "gates.yaml")


def test_a_stage_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "gates.yaml").write_text("gates: {production: {suites: [a]}}")

    with pytest.raises(UsageError, match="no gate 'prod'.*did you mean 'production'"):
        read_gates(tmp_path / "gates.yaml").gate("prod")


def test_a_decision_carries_the_digests_of_what_it_was_made_from() -> None:
    judged = run(verdict("pass"), datasets={"d": Data(uri="x", digest="rows:1", rows=3)}, plugins={"rows": "rows 0.1"})

    decision = decided(GATE, judged)

    assert ({"card": judged.digest}, {"card": judged.suite_digest}) == (decision.runs, decision.suites)
    assert ({"card": {"d": "rows:1"}}, {"card": {"rows": "rows 0.1"}}) == (decision.datasets, decision.plugins)
    assert GATE.digest == decision.gate_digest


def test_two_suites_that_name_different_data_alike_keep_both_digests() -> None:
    first = run(verdict("pass"), datasets={"d": Data(uri="x", digest="rows:1", rows=3)})
    second = run(verdict("pass"), suite="data", datasets={"d": Data(uri="y", digest="rows:2", rows=3)})

    decision = decided(Gate(suites=["card", "data"]), first, second)

    assert {"card": {"d": "rows:1"}, "data": {"d": "rows:2"}} == decision.datasets


def test_a_gate_keeps_its_digest_however_it_is_laid_out(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text("gates: {ci: {suites: [s], run_max_age: 24h}}\n")
    other.write_text("# ours\ngates:\n  ci:\n    on_inconclusive: block\n    run_max_age: 1440m\n    suites: [s]\n")

    assert read_gates(one).gate("ci").digest == read_gates(other).gate("ci").digest


def test_the_digest_of_a_gate_is_of_what_its_file_says_and_of_nothing_it_leaves_out() -> None:
    written = {"suites": ["card"], "watch": True, "approvals": {"count": 1, "from": ["risk"], "not": ["author"]}}

    assert sha256(canonical(written)) == Gate.model_validate(written).digest


@pytest.mark.parametrize(
    "asked",
    [
        {"suites": ["card", "data"]},
        {"on_inconclusive": "report"},
        {"run_max_age": timedelta(hours=1)},
        {"watch": True},
        {"promote": {"mlflow": {"model": "m"}}},
        {"approvals": {"count": 1, "from": ["risk"]}},
    ],
)
def test_a_gate_that_asks_otherwise_has_another_digest(asked: dict[str, object]) -> None:
    other = Gate.model_validate({"suites": ["card"], **asked})

    assert GATE.digest != other.digest
