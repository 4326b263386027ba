from harness_reports import tallies


def test_several_runs_come_to_the_worst(run, verdict):
    runs = [run(verdict("pass")), run(verdict("inconclusive"))]

    found = tallies.overall(runs)

    assert found == "inconclusive"


def test_no_runs_are_an_error():
    assert tallies.overall([]) == "error"


def test_counts_name_only_musts_and_only_outcomes_that_occur(run, verdict):
    runs = [run(verdict("pass"), verdict("pass"), verdict("fail"), verdict("fail", severity="should"))]

    found = tallies.counted(runs)

    assert found == "2 pass and 1 fail of 3 musts"


def test_runs_without_musts_prove_nothing(run, verdict):
    found = tallies.counted([run(verdict("pass", severity="info"))])

    assert found == "no requirement is a must, so nothing is proven"


def test_open_points_are_worst_first_and_musts_before_shoulds(run, verdict):
    verdicts = [
        verdict("error", severity="should"),
        verdict("inconclusive"),
        verdict("fail"),
        verdict("pass"),
        verdict("fail", severity="info"),
    ]

    found = tallies.open_points(run(*verdicts))

    assert [verdicts[2], verdicts[1], verdicts[0]] == found


def test_slices_of_one_requirement_stay_together(run, verdict):
    verdicts = [verdict(labels={"channel": "web"}), verdict(labels={"channel": "pos"}), verdict(at_least=0.9)]

    found = [len(group) for group in tallies.by_requirement(run(*verdicts))]

    assert [2, 1] == found
