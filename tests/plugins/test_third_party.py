"""A plugin in a distribution of its own, installed beside ours and used by a suite."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Command

PYPROJECT = """[project]
name = "acme-length"
version = "3.2.1"
[project.entry-points.harness]
length = "acme_length"
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
PLUGIN = '''from harness import Dataset, Measurement, check, hookimpl, samples


@check("length.mean", metrics={"mean": "mean"})
def mean_length(data: Dataset, *, column: str):
    """Measure how long the texts of a column are."""
    rows = data.observations(y="length(CAST({column} AS TEXT))", column=column)
    yield Measurement(metric="mean", unit="texts", better="lower", sample=samples.rows.mean(rows))


@hookimpl
def harness_checks():
    return {mean_length.name: mean_length}
'''
SUITE = """name: s
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d}}
steps:
  - {check: length.mean, with: {column: id}, require: {mean: {at_most: 4}}}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    (folder / "acme_length.py").write_text(PLUGIN)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    uv = Path(sys.executable).with_name("uv")
    target = folder / "site"
    subprocess.run(
        [
            uv if uv.exists() else "uv",
            "pip",
            "install",
            "--quiet",
            "--target",
            target,
            "--python",
            sys.executable,
            folder,
        ],
        check=True,
        env={**os.environ},
    )
    return target


def test_a_third_party_plugin_is_at_most_fifteen_lines() -> None:
    assert len(PLUGIN.splitlines()) <= 15


@pytest.mark.usefixtures("scores")
def test_a_third_party_plugin_is_used_by_a_suite(project: Path, installed: Command, site: Path) -> None:
    (project / "s.suite.yaml").write_text(SUITE)

    done = installed("run", "s.suite.yaml", "--json", PYTHONPATH=str(site))

    assert (0, "") == (done.code, done.err)
    assert '"length": "acme-length 3.2.1; sources sha256:' in done.out
    assert '"outcome": "pass"' in done.out


def test_a_third_party_plugin_is_listed(installed: Command, site: Path) -> None:
    done = installed("plugins", PYTHONPATH=str(site))

    assert ["length", "acme-length", "3.2.1"] in [line.split() for line in done.out.splitlines()]
