"""How runs read on a terminal, wide and narrow, and in a pipe."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.builtin.terminal import report
from harness.plugins.reports import Report
from harness.values.identity import Identity
from harness.values.keys import Labels
from harness.values.outcomes import Outcome
from harness.values.requirements import Requirement, Severity
from harness.values.runs import Data, Run
from harness.values.verdicts import Estimate, Look, Verdict

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
SEEN = Estimate(value=0.8, lower=0.74, upper=0.85, level=0.975, n=204, n_eff=204, method="Clopper-Pearson", hits=163)
Printed = Callable[..., str]


def verdict(
    outcome: Outcome = "pass",
    *,
    severity: Severity = "must",
    labels: Labels | None = None,
    versus: str | None = None,
    reason: str = "",
) -> Verdict:
    asked = {"at_least": 0.7} if versus is None else {"lose_at_most": 0.01}
    return Verdict(
        check="quality.classifier",
        step="quality.classifier",
        metric="recall",
        outcome=outcome,
        reason=reason,
        requirement=Requirement(metric="recall", severity=severity, versus=versus, **asked),  # type: ignore[arg-type]
        labels=labels or {},
        estimate=None if outcome == "error" else SEEN,
        statistic="proportion",
        unit="frauds",
        event="caught",
    )


def run(*verdicts: Verdict, suite: str = "card-fraud") -> Run:
    return Run(
        id="e7c5b255bf82",
        digest="sha256:ab",
        project="cards",
        suite=suite,
        suite_digest="sha256:cd",
        candidate=Identity(revision="fraud 14", digest="sha256:" + "9f" * 32),
        verdicts=verdicts,
        measurements=(),
        as_of=MOMENT,
        started=MOMENT,
        finished=MOMENT,
    )


@pytest.fixture
def piped() -> Printed:
    """What a pipe gets."""
    return lambda *runs: report(Report(runs=runs), Path())


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Printed:
    """What a terminal of some width shows, with its colours."""

    def shown(*runs: Run, width: int) -> str:
        for name, value in {"FORCE_COLOR": "1", "COLUMNS": str(width), "TERM": "xterm-256color"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("NO_COLOR", raising=False)
        return report(Report(runs=runs), Path())

    return shown


def bare(text: str) -> Sequence[str]:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


def test_pipe_gets_a_line_a_verdict_however_long(piped: Printed) -> None:
    long = verdict("fail", labels={f"column {index}": "x" * 30 for index in range(10)})

    lines = piped(run(verdict(), long)).splitlines()

    assert 1 == len([line for line in lines if line.startswith(" fail")])
    assert all("quality.classifier" in line for line in lines if line.startswith((" pass", " fail")))


def test_a_reason_of_megabytes_is_shortened_and_says_by_how_much(piped: Printed) -> None:
    shown = piped(run(verdict("error", reason=f"the service said {'x' * 3_000_000}")))

    assert len(shown) < 10_000
    assert re.search(r"x\.\.\. and 2,99\d,\d{3} characters more, which --json shows", shown)


def test_pipe_gets_no_colours(piped: Printed) -> None:
    assert "\x1b" not in piped(run(verdict("fail")))


@pytest.mark.parametrize("width", [40, 80, 109, 110, 140])
def test_nothing_is_wider_than_the_terminal(on_terminal: Printed, width: int) -> None:
    labels = {"column": "merchant_category", "rule": "not null"}
    verdicts = [
        verdict("fail", labels=labels),
        verdict("inconclusive", versus="champion"),
        verdict("error", reason="x y " * 60),
    ]

    lines = bare(on_terminal(run(*verdicts), width=width))

    assert max(map(len, lines[1:-1])) <= max(width, 60)


def test_terminal_is_coloured_by_outcome(on_terminal: Printed) -> None:
    found = on_terminal(run(verdict("fail")), width=80)

    assert "\x1b[1;31mfail" in found
    assert "\x1b[1;31mFAIL\x1b[0m" in found


def test_narrow_terminal_names_the_check_above_its_verdicts(on_terminal: Printed) -> None:
    lines = bare(on_terminal(run(verdict(labels={"channel": "web"})), width=80))

    assert ["verdict", "metric", "found", "(between)", "asked"] == lines[2].split()
    assert "quality.classifier" == lines[4].strip()
    assert "80 % (74 % to 85 %)" in lines[5]
    assert "channel=web" == lines[6].strip()


def test_column_asked_does_not_say_asked_again(piped: Printed) -> None:
    found = piped(run(verdict()))

    assert "at least 70 %   quality.classifier" in found
    assert "was asked" not in found


def test_comparison_names_its_baseline(piped: Printed) -> None:
    found = piped(run(verdict(versus="champion")))

    assert "recall against champion   +80 points (+74 points to +85 points)   a loss of at most 1 point" in found


def test_what_did_not_pass_is_explained_and_info_is_not(piped: Printed) -> None:
    found = piped(run(verdict(), verdict("fail"), verdict("fail", severity="info")))

    assert 1 == found.count("  saw        163 of 204 frauds caught")


def test_explanation_wraps_below_where_its_words_begin(on_terminal: Printed) -> None:
    lines = bare(on_terminal(run(verdict("error", reason="word " * 30)), width=80))

    index = next(index for index, line in enumerate(lines) if line.startswith("  why"))
    assert f"{' ' * 13}word" == lines[index + 1][:17]


def test_last_line_counts_musts_and_warnings(piped: Printed) -> None:
    verdicts = [verdict(), verdict(), verdict("fail"), verdict("fail", severity="should")]

    lines = piped(run(*verdicts)).splitlines()

    assert (
        "FAIL  card-fraud: 2 pass, 1 fail of 3 musts in 2 rows, 1 warning  run e7c5b255bf82"
        == lines[-1].partition("  next: ")[0]
    )


def test_run_without_musts_says_so(piped: Printed) -> None:
    lines = piped(run(verdict(severity="info"))).splitlines()

    said, _, then = lines[-1].partition("  next: ")
    assert "ERROR  card-fraud: no musts, so nothing is proven  run e7c5b255bf82" == said
    assert "say under `require:` what must hold, then run again" == then


def test_several_suites_end_with_what_they_come_to(piped: Printed) -> None:
    lines = piped(run(verdict()), run(verdict("inconclusive"), suite="drift")).splitlines()

    assert "INCONCLUSIVE  2 suites together  next: more rows, as `to decide` says, then run again" == lines[-1]


@pytest.mark.parametrize("labels", ["", "+sha256:" + "6b" * 32])
def test_revision_that_is_a_digest_is_shortened(piped: Printed, labels: str) -> None:
    nameless = replace(run(verdict()), candidate=Identity(revision="sha256:" + "5a" * 32 + labels))

    lines = piped(nameless).splitlines()

    assert "card-fraud: candidate sha256:5a5a5a5a5a5a… (of the rows, as nobody named the model)" == lines[0]


def test_what_keeps_the_candidate_from_passing_is_read_first(piped: Printed) -> None:
    severities = [verdict(), verdict("fail", severity="should"), verdict("inconclusive"), verdict("fail")]

    lines = piped(run(*severities, verdict("error"))).splitlines()

    rows = [line.split()[0] for line in lines if line.endswith("quality.classifier")]
    assert ["error", "fail", "inconclusive", "fail", "pass"] == rows


def test_one_reason_is_given_once_for_all_that_share_it(piped: Printed) -> None:
    same = [verdict("error", reason="no such column", labels={"rule": str(index)}) for index in range(8)]

    found = piped(run(*same, verdict("error", reason="another")))

    assert 1 == found.count("no such column")
    assert "ERROR  recall[rule=0], recall[rule=1], recall[rule=2] and 5 more\n" in found


def test_a_slice_repeats_nothing_that_was_said_of_the_whole(piped: Printed) -> None:
    part = replace(verdict("fail", labels={"channel": "web"}), estimate=replace(SEEN, n=90, hits=70))

    found = piped(run(verdict("fail"), part))

    assert (2, 1) == (found.count("  saw "), found.count("  so "))


@pytest.mark.parametrize("outcome", ["pass", "fail", "inconclusive", "error"])
def test_last_line_says_what_to_do_next(piped: Printed, outcome: Outcome) -> None:
    (last,) = piped(run(verdict(outcome))).splitlines()[-1:]

    assert last.startswith(outcome.upper())
    assert last.partition("  next: ")[2]


def test_markup_in_names_is_only_text(piped: Printed) -> None:
    found = piped(run(verdict(labels={"a": "[red]x[/red]"})))

    assert "recall[a=[red]x[/red]]" in found


def of_data(outcome: Outcome = "fail") -> Verdict:
    return replace(verdict(outcome), check="data.schema", step="rows are whole", metric="violations")


def read(*names: str) -> dict[str, Data]:
    return {name: Data(uri=f"{name}.csv", digest="sha256:ef", rows=9, judged=name != "reference") for name in names}


@pytest.mark.parametrize(
    ("verdicts", "next_step"),
    [
        ([of_data(), verdict()], "better data in 'd', as `can say` tells, then run again"),
        ([of_data(), verdict("fail")], "better data in 'd', as `can say` tells, and a better candidate"),
        ([of_data("pass"), verdict("fail")], "a better candidate, under a name of its own"),
    ],
)
def test_failed_data_are_to_be_mended_and_not_the_candidate(
    piped: Printed, verdicts: Sequence[Verdict], next_step: str
) -> None:
    found = replace(run(*verdicts), datasets=read("d", "reference"))

    assert piped(found).splitlines()[-1].partition("  next: ")[2].startswith(next_step)


@pytest.mark.parametrize(
    ("look", "next_step"),
    [
        (Look(number=1, planned=2), "more rows, as `to decide` says, then run again"),
        (Look(number=2, planned=2), "a person decides, or a new candidate is judged: no look is left"),
        (Look(number=3, planned=2, spent=True), "a person decides, or a new candidate is judged: no look is left"),
        (Look(number=3), "more rows, as `to decide` says, then run again"),
    ],
)
def test_more_rows_are_asked_for_while_a_look_is_left(piped: Printed, look: Look, next_step: str) -> None:
    found = run(verdict(), replace(verdict("inconclusive"), look=look))

    assert next_step == piped(found).splitlines()[-1].partition("  next: ")[2]
