"""Which ledger is used never changes without a word."""

import shutil
from pathlib import Path

import pytest

from conftest import Command
from tests.support.suites import suite

GATES = "gates: {ci: {suites: [s]}}\n"


@pytest.fixture
def recorded(project: Path, harness: Command, scores: Path) -> Path:
    """A project with one run in the default ledger, and no gates file yet."""
    path = suite(project, "{at_least: 0.7}")
    path.write_text(path.read_text().replace("{data: d}", "{data: d, model: m/2}"))
    harness("run", path)
    (project / "ci").mkdir()
    return project


def test_a_gates_file_changes_no_ledger(recorded: Path, harness: Command) -> None:
    (recorded / "ci" / "gates.yaml").write_text(GATES)

    done = harness("gate", "ci", "--candidate", "m/2")

    assert (0, "") == (done.code, done.err)


@pytest.mark.parametrize("command", [("run", "s.suite.yaml"), ("runs", "list"), ("plan", "s.suite.yaml")])
def test_a_gates_file_that_names_another_ledger_is_noticed(
    recorded: Path, harness: Command, command: tuple[str, ...]
) -> None:
    (recorded / "ci" / "gates.yaml").write_text(f"ledger: sqlite:///team.db\n{GATES}")

    done = harness(*command)

    assert f"notice: runs also stand in {recorded}/.harness/ledger.db, while this project's ledger is" in done.err


def test_a_gates_file_with_another_project_is_noticed(recorded: Path, harness: Command) -> None:
    (recorded / "ci" / "gates.yaml").write_text(f"project: retail\n{GATES}")

    done = harness("gate", "ci", "--candidate", "m/2")

    assert 3 == done.code
    assert (
        "notice: this ledger holds runs of project 'demo' and none of 'retail'; write `project: demo` in the gates file"
        in done.err
    )


def test_a_ledger_that_is_named_on_the_command_line_needs_no_notice(recorded: Path, harness: Command) -> None:
    assert "" == harness("runs", "list", "--ledger", "sqlite:///other.db").err


def test_a_project_file_above_is_noticed(recorded: Path, harness: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    (recorded / "pyproject.toml").unlink()
    (recorded.parent / "pyproject.toml").write_text("")

    done = harness("runs", "list")

    assert f"notice: runs also stand in {recorded}/.harness/ledger.db" in done.err


def test_a_folder_without_a_project_file_that_was_renamed_is_noticed(
    recorded: Path, harness: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    (recorded / "pyproject.toml").unlink()
    harness("run", "s.suite.yaml")
    shutil.move(recorded, recorded.with_name("renamed"))
    monkeypatch.chdir(recorded.with_name("renamed"))

    done = harness("runs", "list")

    assert "and none of 'renamed'" in done.err
