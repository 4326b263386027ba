"""Makes an environment of its own for each peer, from its pins; one that does not install is a result too."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SILENCED = {
    "DO_NOT_TRACK": "1",
    "ITERATIVE_DO_NOT_TRACK": "1",  # Evidently's
    "WHYLOGS_NO_ANALYTICS": "True",
    "NML_DISABLE_USAGE_LOGGING": "1",
    "DISABLE_DEEPCHECKS_ANONYMOUS_TELEMETRY": "true",
    "DISABLE_LATEST_VERSION_CHECK": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "MPLBACKEND": "Agg",
}


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The interpreter that a contestant runs on, or why there is none."""

    python: Path | None = None
    failure: str | None = None


def variables() -> Mapping[str, str]:
    """Return the variables of every contestant: telemetry off, compiled bytecode allowed."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
    return {**kept, **SILENCED}


def ensure_environment(pins: str | None, folder: Path) -> Environment:
    """Return the environment of a peer, made if it is not there with these pins; without pins it is this one."""
    if pins is None:
        return Environment(python=Path(sys.executable))
    wanted, home = HERE / "pins" / f"{pins}.txt", folder / pins
    made = home / "pins.txt"
    if not made.exists() or made.read_text() != wanted.read_text():
        failure = _install(wanted, home)
        if failure:
            return Environment(failure=f"does not install: {failure}")
        shutil.copy(wanted, made)
    return Environment(python=home / "bin" / "python")


def _install(wanted: Path, home: Path) -> str | None:
    """Return what went wrong, if something did."""
    python = home / "bin" / "python"
    print(f"installing {wanted.stem}", file=sys.stderr, flush=True)
    for command in (
        ["venv", "--clear", "--no-project", "--python", sys.executable, str(home)],
        ["pip", "install", "--compile-bytecode", "--python", str(python), "--requirements", str(wanted)],
    ):
        done = subprocess.run([_uv(), *command, "--quiet"], capture_output=True, text=True, check=False)
        if done.returncode:
            return " ".join(done.stderr.replace("error:", "").split()) or "the installer said nothing"
    return None


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else "uv"
