"""`observe` turns what tests assert into measurements that a suite judges when all tests are through."""

from pathlib import Path

import numpy as np
import pytest

from harness import HarnessError, UsageError
from harness.pytesting.observe import Observe
from harness.pytesting.observed import measure_observations
from harness.pytesting.session import Session as Shared
from tests.pytest_plugin.conftest import Project, project_in

ANSWERS = """name: answers
target: {kind: observed, config: {revision: v3}}
steps:
  - check: observed
    by: [topic]
    require:
      answers.policy: [{at_least: 0.8, where: overall}, {at_least: 0.5, where: {topic: refunds}}]
      answers.words: {at_most: 30}
"""
TESTS = """import pytest

@pytest.mark.parametrize("i", range(60))
def test_policy(observe, i):
    observe("answers.policy", id=f"q{i}", ok=i % 20 != 0, topic="refunds" if i % 2 else "other")
    observe("answers.words", id=f"q{i}", value=10 + i % 5)
    observe("answers.tone", id=f"q{i}", ok=True)
"""

OTHER = """import pytest

def test_other(observe):
    assert observe("answers.policy", id="q60", ok=False)
"""


@pytest.fixture
def log(tmp_path: Path) -> Shared:
    """A session whose log is empty."""
    return Shared(folder=tmp_path / "session", as_of="2026-01-01T00:00:00+00:00")


@pytest.fixture
def answers(tmp_path: Path) -> Project:
    """A project whose tests observe, and a suite that judges what they do."""
    return project_in(tmp_path / "answers", suites_answers__suite__yaml=ANSWERS, test_answers__py=TESTS)


def test_what_tests_observe_is_judged_alike_by_one_process_and_by_several(answers: Project) -> None:
    serial = answers.inside("test_answers.py", "suites")

    parallel = answers.pytest("test_answers.py", "suites", "-n", "2")

    assert (0, 0) == (serial.code, parallel.code), serial.out + parallel.out
    first, second = answers.runs("answers")
    assert first.digest == second.digest
    assert ["pass"] * 3 == [verdict.outcome for verdict in first.verdicts]
    for session in (serial, parallel):
        assert "63 passed" in session.out
        assert "observed, not asked for: answers.tone 100 % (94 % to 100 %) of 60 observations" in session.out
    found = parallel.properties("answers.policy-at_least-0.8-overall")
    assert ("pass", "answers.policy: 95 % (86.1 % to 99 %)") == (found["outcome"], found["found"])


def test_a_required_metric_that_no_test_observed_is_an_error(answers: Project) -> None:
    (answers.folder / "test_answers.py").write_text(TESTS.replace('"answers.words"', '"answers.word"'))

    done = answers.inside("test_answers.py", "suites")

    assert 1 == done.code
    assert "the check did not measure 'answers.words'" in done.out
    assert "62 passed, 1 error" in done.out
    assert ["error"] == [run.outcome for run in answers.runs("answers")]


def test_a_test_that_breaks_before_it_observes_spoils_the_sample(answers: Project) -> None:
    (answers.folder / "test_answers.py").write_text(TESTS.replace("observe, i):", "observe, i):\n    assert i != 7"))

    done = answers.inside("test_answers.py", "suites")

    assert "1 tests use observe and observed nothing (test_answers.py::test_policy[7])" in done.out
    assert "1 failed, 59 passed, 3 errors" in done.out
    assert ["error"] == [run.outcome for run in answers.runs("answers")]


def test_a_run_without_the_deselected_tests_is_not_recorded(answers: Project) -> None:
    done = answers.inside("test_answers.py", "suites", "--deselect", "test_answers.py::test_policy[0]")

    assert 0 == done.code
    assert "answers: not recorded: 1 tests that observe were deselected" in done.out
    assert [] == answers.runs("answers")


def test_an_id_observed_twice_fails_a_session_without_suites(answers: Project) -> None:
    (answers.folder / "test_answers.py").write_text(TESTS.replace('"answers.tone", id=f"q{i}"', '"tone", id=i // 2'))

    done = answers.inside("test_answers.py")

    assert 1 == done.code
    assert "'tone' was observed twice for id '0', in test_answers.py::test_policy[0] and in" in done.out
    assert "60 passed, 1 error" in done.out


def test_the_command_line_refuses_what_only_tests_observe(answers: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code = answers.harness("run", "suites/answers.suite.yaml")

    assert (4, []) == (code, answers.runs("answers"))
    assert "tests observe its metrics, so only pytest runs it" in capsys.readouterr().err


@pytest.mark.parametrize("truth", [True, np.True_, 1])
def test_a_truth_becomes_a_rate(log: Shared, truth: object) -> None:
    observe = Observe(session=log, test="test_it")

    assert observe("m", id="a", ok=truth)

    assert not observe("m", id="b", ok=False)
    (found,) = measure_observations(log.log)
    assert found.sample.rows is not None
    assert ("proportion", {"id": ["a", "b"], "y": [1.0, 0.0]}) == (
        found.sample.statistic,
        found.sample.rows.to_pydict(),
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"ok": "yes"}, "ok is True or False; found 'yes'"),
        ({"ok": 0.7}, "ok is True or False; found 0.7"),
        ({"value": float("nan")}, "value is a number; found nan"),
        ({}, "give ok=True or ok=False, or value=NUMBER"),
        ({"ok": True, "value": 1}, "give ok=True or ok=False, or value=NUMBER"),
    ],
)
def test_what_is_no_observation_is_refused(log: Shared, row: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Observe(session=log, test="test_it")("m", id="q1", **row)  # type: ignore[arg-type]


def test_one_metric_takes_truths_or_numbers(log: Shared) -> None:
    observe = Observe(session=log, test="test_it")
    observe("m", id="a", ok=True)
    observe("m", id="b", value=2)

    with pytest.raises(HarnessError, match="observed with ok= and with value="):
        list(measure_observations(log.log))


def test_a_torn_line_is_an_error(log: Shared) -> None:
    Observe(session=log, test="test_it")("m", id="a", ok=True)
    with (log.log / "main.jsonl").open("a") as file:
        file.write('{"event": "obs')

    with pytest.raises(HarnessError, match="died while it observed"):
        list(measure_observations(log.log))


def test_labels_split_a_metric(log: Shared) -> None:
    observe = Observe(session=log, test="test_it")
    for index, topic in enumerate(["a", "b", "b"]):
        observe("m", id=str(index), ok=True, topic=topic)
    observe("whole", id="0", ok=True)

    found = [(m.metric, dict(m.labels)) for m in measure_observations(log.log, by=["topic"])]

    assert [("m", {}), ("m", {"topic": "a"}), ("m", {"topic": "b"}), ("whole", {})] == found


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (
            ("test_answers.py::test_policy", "suites"),
            "the command line names single tests (test_answers.py::te",
        ),
        (("test_answers.py", "suites", "-k", "not policy"), "60 tests that observe were deselected"),
        (
            ("test_answers.py", "test_broken.py", "suites", "--continue-on-collection-errors"),
            "1 files could not",
        ),
    ],
)
def test_observations_of_a_part_of_the_tests_are_no_run(answers: Project, arguments: tuple[str, ...], why: str) -> None:
    (answers.folder / "test_broken.py").write_text("1 / 0")
    (answers.folder / "test_other.py").write_text(OTHER)

    done = answers.inside(*arguments, "test_other.py")

    assert f"answers: not recorded: {why}" in done.out
    assert not answers.runs("answers")


def test_observations_of_what_failed_before_are_no_run(answers: Project) -> None:
    (answers.folder / "test_other.py").write_text(OTHER)
    (answers.folder / "suites" / "answers.suite.yaml").write_text(ANSWERS.replace("0.8", "0.99"))
    cached = ("test_answers.py", "test_other.py", "suites", "-p", "cacheprovider")

    first, again = answers.inside(*cached), answers.inside(*cached, "--lf")

    assert "60 passed" not in again.out, first.out
    assert "answers: not recorded: --lf leaves out the files in which nothing failed before" in again.out
    assert 1 == len(answers.runs("answers"))


def test_what_the_observations_are_of_is_said(answers: Project) -> None:
    (answers.folder / "test_other.py").write_text(f"{OTHER}\n@pytest.mark.skip\ndef test_hard(observe): pass\n")
    (answers.folder / "test_left.py").write_text('import pytest\npytest.skip("no app", allow_module_level=True)')

    done = answers.inside("test_answers.py", "test_other.py", "test_left.py", "suites")

    assert "answers: judged on what 61 tests observed, in test_answers.py, test_other.py" in done.out
    assert "1 tests that observe were skipped by a mark, so their rows are missing: test_other.py::te" in done.out
    assert "1 files were skipped; if their tests observe, their rows are missing: test_left.py" in done.out
    assert 1 == len(answers.runs("answers"))
