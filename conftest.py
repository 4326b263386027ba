"""Fixtures for the whole repository."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings

from harness.cli import main

settings.register_profile("tests", deadline=None)  # a busy machine makes no test wrong
settings.load_profile("tests")

ROOT = Path(__file__).parent
PYPROJECT = '[tool.harness]\nproject = "demo"\n'


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a command left behind: exit code and what it printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Finished]


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Give each test the environment as it found it: MLflow writes its store there, and the next test would read it."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project of its own, as working directory; modules imported from it are forgotten at the end."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    monkeypatch.chdir(folder)
    before, path = set(sys.modules), list(sys.path)
    yield folder
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def harness(project: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, in this process and in the project's folder."""

    def command(*arguments: object) -> Finished:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Finished(code=int(str(ended.value.code)), out=printed.out, err=printed.err)

    return command


@pytest.fixture
def installed(project: Path) -> Command:
    """The installed command in a process of its own, as a user starts it."""

    def command(*arguments: object, **env: str) -> Finished:
        script = Path(sys.executable).with_name("harness")
        done = subprocess.run(
            [script, *map(str, arguments)], cwd=project, capture_output=True, text=True, env={**os.environ, **env}
        )
        return Finished(code=done.returncode, out=done.stdout, err=done.stderr)

    return command


@pytest.fixture
def scores(project: Path) -> Path:
    """400 scored rows: id, y, score, ok (80 % true), channel, terminal, at."""
    path = project / "scores.parquet"
    pq.write_table(scored_rows(400), path)
    return path


def scored_rows(n: int, *, seed: int = 0, rate: float = 0.8) -> pa.Table:
    """Return seeded rows with a label, a score that knows something of it, and columns to slice and cluster by."""
    chance = np.random.default_rng(seed)
    y = (chance.random(n) < 0.5).astype(int)
    start = datetime(2026, 1, 1)
    return pa.table(
        {
            "id": np.arange(n),
            "y": y,
            "score": np.clip(0.3 * y + 0.7 * chance.random(n), 0, 1),
            "ok": (chance.random(n) < rate).astype(int),
            "channel": np.array(["web", "pos"])[chance.integers(0, 2, n)],
            "terminal": chance.integers(0, 60, n),
            "at": [start + timedelta(hours=int(hour)) for hour in range(n)],
        }
    )


@pytest.fixture
def shared() -> Path:
    """The public reference data; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("HARNESS_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no reference data at {folder}; set HARNESS_SHARED")
    return folder
