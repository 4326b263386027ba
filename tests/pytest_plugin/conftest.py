"""A pytest session of its own, in a project of its own, as a user starts it."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from conftest import scored_rows
from harness.cli import main
from harness.records.ledger import Ledger
from harness.values.runs import Run

CARD = """name: card
params: {candidate: str}
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d, model: {param: candidate}}}
steps:
  - check: rows.rate
    with: {column: ok}
    by: [channel]
    require:
      rate:
        - {at_least: 0.5}
        - {at_least: 0.79, where: overall}
        - {at_least: 0.79, where: {channel: web}, severity: should}
        - {at_least: 0.9, where: {channel: fax}}
  - check: counted.mean
    with: {column: score}
    require: {mean: [{at_most: 0.4}, {at_least: 0.1, severity: info}]}
  - {check: rows.mean, with: {column: y}}
"""
COUNTED = '''"""Counts how often it measures; dies once where a file `kill` is."""
import os
import signal
from pathlib import Path

from harness import Dataset, Measurement, check, hookimpl, samples

HERE = Path(__file__).parent


@check("counted.mean", metrics={"mean": "mean"})
def mean(data: Dataset, *, column: str):
    """Measure a mean."""
    with (HERE / "measured.txt").open("a") as file:
        file.write("once ")
    if (HERE / "kill").exists():
        (HERE / "kill").unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    yield Measurement(metric="mean", sample=samples.rows.mean(data.observations(y=column)))


@hookimpl
def harness_checks():
    return {"counted.mean": mean}
'''
OPTIONS = ("-p", "no:cacheprovider", "--junitxml=junit.xml")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project's folder and what its sessions leave behind."""

    folder: Path

    def pytest(self, *arguments: str) -> "Session":
        """Run pytest in a process of its own."""
        command = [sys.executable, "-m", "pytest", *OPTIONS, *arguments]
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, env=plain)
        return Session(code=done.returncode, out=done.stdout + done.stderr, project=self)

    def inside(self, *arguments: str) -> "Session":
        """Run pytest in this process, which spares the imports."""
        printed, modules, path = StringIO(), set(sys.modules), list(sys.path)
        with chdir(self.folder), redirect_stdout(printed), redirect_stderr(printed):
            code = pytest.main(["-s", "--import-mode=importlib", *OPTIONS, *arguments])
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(self.folder)):
                del sys.modules[name]
        return Session(code=int(code), out=printed.getvalue(), project=self)

    def harness(self, *arguments: str) -> object:
        """Run the command line and return its exit code."""
        before = list(sys.path)
        with chdir(self.folder), redirect_stdout(StringIO()), pytest.raises(SystemExit) as ended:
            main(arguments)
        sys.path[:] = before
        sys.modules.pop("counted", None)
        return ended.value.code

    def runs(self, suite: str) -> list[Run]:
        """Return the recorded runs of a suite."""
        ledger = Ledger(f"sqlite:///{self.folder}/.harness/ledger.db", "demo")
        return [run for run in ledger.runs() if run.suite == suite]

    def measured(self) -> int:
        """Return how often the check `counted.mean` measured since it was last asked, and forget it."""
        file = self.folder / "measured.txt"
        count = file.read_text().count("once") if file.exists() else 0
        file.unlink(missing_ok=True)
        return count


@dataclass(frozen=True, kw_only=True)
class Session:
    """What one pytest session left behind."""

    code: int
    out: str
    project: Project

    def cases(self) -> Mapping[str, ET.Element]:
        """Return JUnit's test cases by name."""
        return {str(case.get("name")): case for case in ET.parse(self.project.folder / "junit.xml").iter("testcase")}

    def properties(self, name: str) -> Mapping[str, str]:
        """Return what JUnit says of one test case."""
        found = self.cases()[name].iter("property")
        return {str(entry.get("name")): str(entry.get("value")) for entry in found}


def project_in(folder: Path, **files: str) -> Project:
    """Return a new project with 400 scored rows and the files given, `__` standing for a dot."""
    (folder / "suites").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[tool.harness]\nproject = "demo"\nplugins = ["counted"]\n')
    (folder / "counted.py").write_text(COUNTED)
    pq.write_table(scored_rows(400), folder / "suites" / "scores.parquet")
    for name, text in files.items():
        (folder / name.replace("__", ".").replace("suites_", "suites/")).write_text(text)
    return Project(folder=folder)


@pytest.fixture
def card(tmp_path: Path) -> Project:
    """A project with the suite `card`."""
    return project_in(tmp_path / "card", suites_card__suite__yaml=CARD)
