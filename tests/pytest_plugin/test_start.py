"""A pytest without suites pays nothing for the plugin."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("numpy", "pydantic", "duckdb", "pyarrow", "scipy", "ruamel.yaml", "sqlalchemy", "harness.project")


def test_pytest_without_suites_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "test_one.py").write_text("def test_one(): pass\n")
    command = [sys.executable, "-X", "importtime", "-m", "pytest", "-p", "no:cacheprovider", "-q"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PATH": ""})

    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "harness.pytesting.session" in imported
    assert [] == [name for name in HEAVY if name in imported]
    assert "harness" not in done.stdout
