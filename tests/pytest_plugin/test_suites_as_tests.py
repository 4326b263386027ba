"""`pytest suites/` holds a suite's requirements as tests, and records the run that `harness run` records."""

import signal
from pathlib import Path

import pytest

from harness.pytesting.items import distinct_names
from tests.pytest_plugin.conftest import CARD, Project, Session, project_in

PARAM = ("--harness-param", "candidate=v1")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One serial session that several tests look at."""
    project = project_in(tmp_path_factory.mktemp("serial") / "card", suites_card__suite__yaml=CARD)
    return project.pytest("suites", "-v", *PARAM)


def test_each_requirement_is_an_item(session: Session) -> None:
    expected = {
        "rows.rate::rate-at_least-0.5 PASSED",
        "rows.rate::rate-at_least-0.79-overall FAILED",
        "rows.rate::rate-at_least-0.79-channel-web-should PASSED",
        "rows.rate::rate-at_least-0.9-channel-fax ERROR",
        "counted.mean::mean-at_most-0.4 FAILED",
        "counted.mean::mean-at_least-0.1-info PASSED",
        "rows.mean::measured PASSED",
    }

    lines = [line for line in session.out.splitlines() if line.endswith("%]")]

    found = {line.rsplit("[", 1)[0].strip().removeprefix("suites/card.suite.yaml::") for line in lines}
    assert expected == found


def test_a_session_that_does_not_pass_exits_with_1(session: Session) -> None:
    assert 1 == session.code
    assert "2 failed, 4 passed, 1 warning, 1 error" in session.out


def test_fail_and_inconclusive_are_failures_in_plain_words(session: Session) -> None:
    assert "INCONCLUSIVE  rate\n  saw        315 of 400 rows (78.8 %)" in session.out
    assert "FAIL  mean\n  saw " in session.out
    assert "do not     re-run: the same data give the same answer" in session.out
    assert "Traceback" not in session.out
    assert "items.py" not in session.out


def test_what_cannot_be_measured_is_an_error(session: Session) -> None:
    errors = session.cases()["rate-at_least-0.9-channel-fax"].findall("error")

    assert 1 == len(errors)
    assert "no 'rate' where {'channel': 'fax'}; it was measured for" in str(errors[0].text)


def test_a_should_that_does_not_pass_is_a_warning(session: Session) -> None:
    assert "suites/card.suite.yaml:1: UserWarning: INCONCLUSIVE  rate[channel=web]" in session.out


def test_junit_carries_the_outcome(session: Session) -> None:
    expected = {
        "suite": "card",
        "outcome": "inconclusive",
        "severity": "must",
        "found": "rate: 78.8 % (74.4 % to 82.7 %)",
        "asked": "at least 79 % was asked",
    }

    assert expected == session.properties("rate-at_least-0.79-overall")
    assert "error" == session.properties("rate-at_least-0.9-channel-fax")["outcome"]


def test_info_passes_and_tells_its_value(session: Session) -> None:
    found = session.properties("mean-at_least-0.1-info")

    assert ("info", "mean: 0.4899 (0.4644 to 0.5154)") == (found["severity"], found["found"])


def test_the_summary_shows_verdicts_and_where_they_are_recorded(session: Session) -> None:
    (run,) = session.project.runs("card")

    assert f"ERROR  card: candidate v1  run {run.id}  {run.digest[:19]}" in session.out
    assert "  pass          rate               78.8 % (74.4 % to 82.7 %)  at least 50 % was asked" in session.out
    assert ("pytest", "error") == (run.origin, run.outcome)


def test_the_summary_warns_of_a_second_candidate_on_the_same_rows(card: Project) -> None:
    message = [card.pytest("suites", "--harness-param", f"candidate={name}").out for name in ("v1", "v2")]

    assert [False, True] == ["warning: card: 2 candidates were judged on the same rows" in out for out in message]


def test_xdist_measures_a_step_once_and_records_the_run_of_the_command_line(session: Session, card: Project) -> None:
    card.harness("run", "suites", "--param", "candidate=v1")
    alone = card.measured()

    parallel = card.pytest("suites", "-n", "2", *PARAM)

    assert (1, 1) == (alone, card.measured())
    assert 1 == parallel.code
    assert "2 failed, 4 passed, 1 warning, 1 error" in parallel.out
    by_command, by_workers = card.runs("card")
    (by_one_process,) = session.project.runs("card")
    assert {by_command.digest} == {by_workers.digest, by_one_process.digest}


def test_a_worker_killed_while_it_measures_loses_no_step(card: Project, session: Session) -> None:
    (card.folder / "kill").touch()

    killed = card.pytest("suites", "-n", "2", *PARAM)

    assert "crashed while running" in killed.out
    assert 2 == card.measured()
    assert [run.digest for run in session.project.runs("card")] == [run.digest for run in card.runs("card")]


def test_requirements_are_chosen_by_name_and_a_run_that_is_not_whole_is_not_recorded(card: Project) -> None:
    chosen = card.inside("suites", "-k", "at_most", *PARAM, "--harness-param", "spare=1")

    assert "1 failed, 6 deselected" in chosen.out
    assert "--harness-param spare: no suite of this session has such a parameter" in chosen.out
    assert "card: not recorded: 2 of 3 steps were not measured (rows.rate, rows.mean)" in chosen.out
    assert [] == card.runs("card")


def test_collecting_only_measures_nothing(card: Project) -> None:
    listed = card.inside("suites", "--collect-only", "-q", *PARAM)

    assert (0, 0) == (listed.code, card.measured())
    assert "suites/card.suite.yaml::counted.mean::mean-at_most-0.4" in listed.out
    assert "= harness =" not in listed.out
    assert not (card.folder / ".harness").exists()


def test_a_session_that_stops_early_records_no_suite_in_part(card: Project) -> None:
    stopped = card.inside("suites", "-x", *PARAM)

    assert 1 == stopped.code
    assert "card: not recorded: 2 of 3 steps were not measured (counted.mean, rows.mean)" in stopped.out
    assert "the session stopped early" in stopped.out
    assert [] == card.runs("card")


@pytest.mark.parametrize("how", ["KeyboardInterrupt()", "SystemExit(3)"])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_session_that_is_interrupted_keeps_the_suites_that_had_ended(card: Project, how: str, workers: str) -> None:
    (card.folder / "suites" / "other.suite.yaml").write_text(CARD.replace("name: card", "name: other"))
    interrupt = f"import time\n\ndef test_last():\n    time.sleep(3)\n    raise {how}\n"
    (card.folder / "test_interrupt.py").write_text(interrupt)
    options = ("-p", "xdist", "-n", workers) if workers != "0" else ()

    stopped = card.pytest("suites", "test_interrupt.py", *options, *PARAM)

    assert 0 != stopped.code
    assert (1, 1) == (len(card.runs("card")), len(card.runs("other")))


def test_a_session_killed_by_a_signal_keeps_the_suites_that_had_ended(card: Project) -> None:
    (card.folder / "test_kill.py").write_text(
        "import os, signal\n\ndef test_last():\n    os.kill(os.getpid(), signal.SIGTERM)\n"
    )

    killed = card.pytest("suites", "test_kill.py", *PARAM)

    assert -signal.SIGTERM == killed.code
    assert 1 == len(card.runs("card"))


def test_a_bad_suite_is_a_collection_error_of_one_line(card: Project) -> None:
    bad = {
        "key": CARD.replace("at_most", "at_mots"),
        "check": CARD.replace("name: card", "name: check").replace("rows.rate", "rows.rat"),
        "param": CARD.replace("candidate: str", "model: str"),
        "same": CARD,
    }
    for name, text in bad.items():
        (card.folder / "suites" / f"{name}.suite.yaml").write_text(text)

    refused = card.inside("suites", *PARAM)

    assert 2 == refused.code
    for name, message in {
        "key": "steps.1.require.mean.0: unknown key 'at_mots'; did you mean 'at_most'?",
        "check": "plugin 'rows' has no check 'rows.rat'; did you mean 'rows.rate'?",
        "param": "parameter 'model' has no value; add --harness-param model=VALUE",
        "same": "suite name 'card' is used by",
    }.items():
        assert f"ERROR collecting suites/{name}.suite.yaml" in refused.out
        assert message in refused.out
    assert "Traceback" not in refused.out


def test_data_that_cannot_be_opened_is_an_error_of_every_requirement(card: Project) -> None:
    (card.folder / "suites" / "scores.parquet").unlink()

    broken = card.inside("suites", *PARAM)

    assert "7 errors" in broken.out
    assert "card: dataset 'd': no file at" in broken.out
    assert "card: not recorded: 3 of 3 steps were not measured" in broken.out


def test_a_ledger_that_cannot_be_opened_is_an_error_as_looks_cannot_be_counted(card: Project) -> None:
    suite = card.folder / "suites" / "card.suite.yaml"
    suite.write_text(CARD.split("      rate:")[0] + "      rate: {at_least: 0.5}\n")

    refused = card.inside("suites", "--harness-ledger", "sqlite:////proc/ledger.db", *PARAM)

    assert 1 == refused.code
    assert "ledger 'sqlite:////proc/ledger.db' cannot be opened" in refused.out
    assert "1 error" in refused.out


NAMES = """name: names
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d, model: v1}}
steps:
  - check: rows.rate
    name: "odd [name]::of (a) step"
    with: {column: ok}
    by: [channel]
    require:
      rate:
        - {at_least: 0.99, where: {channel: web}}
        - {at_least: 0.1, where: {channel: pos}}
        - {at_least: 0.99, where: overall}
        - {at_least: 0.99, where: overall, severity: should}
"""


def test_names_hold_nothing_that_lf_or_k_cannot_take(tmp_path: Path) -> None:
    project = project_in(
        tmp_path / "names", suites_names__suite__yaml=NAMES, suites_test_a__py="def test_a(): assert 0"
    )
    cached = ("-p", "cacheprovider")

    project.inside("suites", *cached)
    again = project.inside("suites", "--lf", "-v", *cached)
    by_name = project.inside("suites", "-k", "rate-at_least-0.99-channel-web")
    by_id = project.inside("suites/names.suite.yaml::odd-name-of-a-step::rate-at_least-0.1-channel-pos")

    assert "suites/names.suite.yaml::odd-name-of-a-step::rate-at_least-0.99-channel-web FAILED" in again.out
    assert "3 failed, 2 deselected" in again.out
    assert "1 failed, 4 deselected" in by_name.out
    assert "1 passed" in by_id.out


def test_names_that_would_be_alike_are_told_apart() -> None:
    assert ["a-b", "a-b-2", "a-b-3", "a-b-2-2"] == list(distinct_names(["a b", "a[b", "a::b", "a-b-2"]))


def test_a_suite_may_end_in_yml(tmp_path: Path) -> None:
    project = project_in(tmp_path / "yml", suites_names__suite__yml=NAMES)

    done = project.inside("suites", "-k", "pos")

    assert "1 passed, 3 deselected" in done.out
    assert 1 == project.harness("run", "suites")
    assert 2 == len(project.runs("names"))
