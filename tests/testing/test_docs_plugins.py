"""The snippets of docs/plugins.md work as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, Command
from harness.testing import conformance

BLOCK = re.compile(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", re.DOTALL)
PLUGINS = ("ask", "folder", "inline", "length", "lines")
SETTINGS = f"[tool.harness]\nproject = 'docs'\nplugins = {list(PLUGINS)}\n"


@pytest.fixture
def documented(project: Path) -> Path:
    """A project made of the page's snippets."""
    for name, text in BLOCK.findall((ROOT / "docs" / "plugins.md").read_text()):
        (project / name).write_text(text)
    (project / "pyproject.toml").write_text(SETTINGS)
    (project / "answers.csv").write_text("id,text\n" + "".join(f"{i},{'word ' * (i % 3)}x\n" for i in range(90)))
    return project


@pytest.mark.parametrize("name", PLUGINS)
def test_documented_plugin_conforms(documented: Path, name: str) -> None:
    conformance(name)


def test_documented_suite_runs_with_the_documented_executor_and_reporter(documented: Path, harness: Command) -> None:
    done = harness("run", "lengths.suite.yaml", "--executor", "inline", "--report", "lines", "--out", "out")

    assert (0, "") == (done.code, done.err)
    assert (documented / "out" / "verdicts.txt").read_text().startswith("pass mean 6 (")


def test_documented_tests_pass(documented: Path) -> None:
    """Three tests, and the requirement of the suite beside them."""
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=documented, capture_output=True, text=True)

    assert "4 passed" in done.stdout, done.stdout + done.stderr
