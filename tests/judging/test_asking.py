"""Looks are counted by what is asked, not by what a step, a suite or a dataset is called."""

from pathlib import Path

import pytest

from conftest import Command
from harness.plugins.discovery import Plugins
from harness.project import open_project
from harness.suite.steps import resolve
from harness.suite.suites import read_suite
from tests.support.looking import Looking, verdict

SUITE = """name: s
params: {look: str}
data: {d: {source: {param: look}, id: id, time: at, window: 7d}}
target: {kind: table, config: {data: d, model: v1}}
steps:
  - {check: rows.rate, with: {column: ok}, require: {rate: {at_least: 0.77}}}
"""
SAME = [
    ("name: s", "name: other"),
    ("with: {column: ok}", "name: again, with: {column: ok}"),
    ("{d: {source", "{e: {source"),
    ("window: 7d", "window: 30d"),
    ("at_least: 0.77", "at_least: 0.7"),
    ("model: v1", "model: v2"),
]
OTHER = [("column: ok", "column: score"), ("id: id", "id: key"), ("{param: look}", "rows.parquet"), ("rate", "mean")]


@pytest.fixture
def plugins(project: Path) -> Plugins:
    return open_project().plugins


def asked(project: Path, plugins: Plugins, text: str, look: str = "rows.parquet") -> str:
    path = project / "s.suite.yaml"
    path.write_text(text.replace("data: d,", "data: e,") if "{e:" in text else text)
    (step,) = resolve(read_suite(path, {"look": look}), plugins).steps
    return step.asked


@pytest.mark.parametrize(("was", "now"), SAME)
def test_what_is_asked_is_the_same_whatever_things_are_called(
    project: Path, plugins: Plugins, was: str, now: str
) -> None:
    expected = asked(project, plugins, SUITE)

    assert expected == asked(project, plugins, SUITE.replace(was, now))
    assert expected == asked(project, plugins, SUITE, "newer.parquet")


@pytest.mark.parametrize(("was", "now"), OTHER)
def test_another_check_parameter_or_source_is_another_question(
    project: Path, plugins: Plugins, was: str, now: str
) -> None:
    assert asked(project, plugins, SUITE) != asked(project, plugins, SUITE.replace(was, now))


@pytest.fixture
def looking(project: Path, harness: Command) -> Looking:
    found = Looking(folder=project, harness=harness)
    found.ask()
    return found


@pytest.mark.parametrize(
    ("was", "now"), [("name: card", "name: other"), ("rows.rate, with", "rows.rate, name: x, with")]
)
def test_a_renamed_step_or_suite_starts_no_new_count(looking: Looking, was: str, now: str) -> None:
    looking.look(0, 200)
    path = looking.folder / "card.suite.yaml"
    path.write_text(path.read_text().replace(was, now))

    second = verdict(looking.look(200, 500))

    assert (2, 200, 500) == (second["look"]["number"], second["look"]["joined"], second["estimate"]["n"])


def test_a_question_asked_twice_in_a_suite_is_one_look(looking: Looking) -> None:
    path = looking.folder / "card.suite.yaml"
    once = path.read_text()
    path.write_text(once + once.splitlines()[-1].replace("rows.rate, with", "rows.rate, name: x, with") + "\n")
    looking.look(0, 200)

    second = looking.look(200, 500)

    assert [2, 2] == [found["look"]["number"] for found in second["verdicts"]]
    assert [500, 500] == [found["estimate"]["n"] for found in second["verdicts"]]
