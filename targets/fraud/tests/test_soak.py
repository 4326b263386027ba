"""A minute of load costs the service no memory and no answer."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
MOST_GROWTH_MIB = 16


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the benchmark as a module, its neighbours importable."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("soak")


@pytest.mark.heavy
def test_a_minute_of_load_costs_no_memory_and_no_answer(tmp_path: Path, soak: ModuleType) -> None:
    command = [str(Path(sys.executable).with_name("fraud-target")), "prepare", "--out", str(tmp_path)]
    subprocess.run([*command, "--seed", "1", "--customers", "800", "--terminals", "5000"], check=True)

    found = soak.soak(tmp_path, 1.0, 50.0)

    print(soak.result_text(found))
    assert found.shots.is_answered.all()
    assert found.rss_mib[-10:].mean() - found.rss_mib[:10].mean() < MOST_GROWTH_MIB
