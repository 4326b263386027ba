"""The snippets of docs/plugins.md work as they stand."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, Command
from harness import Identity
from harness.plugins.discovery import discover
from harness.settings import find_settings
from harness.testing import conformance
from tests.support.digests import digest_of

BLOCK = re.compile(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", re.DOTALL)
PLUGINS = ("answering", "ask", "folder", "inline", "length", "lines")
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


@pytest.mark.parametrize("name", ['a"b', "it's {x}", "read_parquet('answers.csv')", "harness_table('sql:t', '')"])
def test_the_documented_check_measures_a_column_of_any_name(documented: Path, harness: Command, name: str) -> None:
    answers, suite = documented / "answers.csv", documented / "lengths.suite.yaml"
    header = name.replace('"', '""')
    answers.write_text(answers.read_text().replace("id,text\n", f'id,"{header}"\n', 1))
    suite.write_text(suite.read_text().replace("{column: text}", json.dumps({"column": name})))

    done = harness("run", "lengths.suite.yaml", "--executor", "inline", "--report", "lines", "--out", "out")

    assert (0, "") == (done.code, done.err)
    assert (documented / "out" / "verdicts.txt").read_text().startswith("pass mean 6 (")


def test_documented_tests_pass(documented: Path) -> None:
    """Three tests, and the requirement of the suite beside them."""
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=documented, capture_output=True, text=True)

    assert "4 passed" in done.stdout, done.stdout + done.stderr


def test_documented_promoter_reads_back_what_it_moved(documented: Path) -> None:
    promoter = discover(find_settings(documented)).promoter("folder")
    config = {"path": str(documented / "promoted.json")}
    who = Identity(revision="m/2", digest=digest_of("m/2"))
    before = (promoter.current(config), promoter.read_back(config))

    promoter.move(config, who)

    assert (None, None) == before
    assert ("m/2", who) == (promoter.current(config), promoter.read_back(config))
