from collections.abc import Callable

from harness_reports import tallies

from harness import Run, Verdict

MakeRun = Callable[..., Run]
MakeVerdict = Callable[..., Verdict]


def test_counts_name_only_musts_and_only_outcomes_that_occur(run: MakeRun, verdict: MakeVerdict) -> None:
    runs = [run(verdict("pass"), verdict("pass"), verdict("fail"), verdict("fail", severity="should"))]

    found = tallies.must_counts_text(runs)

    assert found == "2 pass and 1 fail of 3 musts"


def test_runs_without_musts_prove_nothing(run: MakeRun, verdict: MakeVerdict) -> None:
    found = tallies.must_counts_text([run(verdict("pass", severity="info"))])

    assert found == "no requirement is a must, so nothing is proven"


def test_open_points_are_worst_first_and_musts_before_shoulds(run: MakeRun, verdict: MakeVerdict) -> None:
    verdicts = [
        verdict("error", severity="should"),
        verdict("inconclusive"),
        verdict("fail"),
        verdict("pass"),
        verdict("fail", severity="info"),
    ]

    found = tallies.open_points(run(*verdicts))

    assert [verdicts[2], verdicts[1], verdicts[0]] == found


def test_slices_of_one_requirement_stay_together(run: MakeRun, verdict: MakeVerdict) -> None:
    verdicts = [verdict(labels={"channel": "web"}), verdict(labels={"channel": "pos"}), verdict(at_least=0.9)]

    found = [len(group) for group in tallies.by_requirement(run(*verdicts))]

    assert [2, 1] == found
