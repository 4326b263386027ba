"""What a command does not need is not imported; times are measured in benchmarks/cold_start.py."""

import subprocess
import sys

import pytest

HEAVY = {
    "numpy",
    "scipy",
    "pyarrow",
    "duckdb",
    "sqlalchemy",
    "pydantic",
    "rich",
    "yaml",
    "ruamel.yaml",
    "ibis",
    "pandas",
    "mlflow",
}
PLUGINS = {"harness_rows", "harness_quality", "harness_data", "harness_mlflow", "harness_reports", "harness.builtin"}


def loaded_by(code: str) -> set[str]:
    shown = f"import sys\ntry:\n    {code}\nexcept SystemExit: pass\nprint('LOADED', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    return set(done.stdout.rsplit("LOADED ", 1)[1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["plugins"], ["--version"]])
def test_help_and_plugins_import_no_plugin_and_nothing_heavy(arguments: list[str]) -> None:
    loaded = loaded_by(f"from harness.cli import main; main({arguments!r})")

    assert set() == loaded & (HEAVY | PLUGINS)


def test_import_harness_loads_nothing_heavy() -> None:
    assert set() == loaded_by("import harness") & HEAVY


def test_listing_commands_of_plugins_imports_none() -> None:
    loaded = loaded_by("from harness.cli import harness; harness.list_commands(None)")

    assert set() == loaded & (HEAVY | PLUGINS)


def test_statistics_import_no_more_of_scipy_than_its_special_functions() -> None:
    loaded = loaded_by("import harness.stats, harness.judging.plans")

    assert "scipy.special" in loaded
    assert set() == loaded & {"scipy.stats", "scipy.optimize"}


def test_records_are_read_without_arrow() -> None:
    assert set() == loaded_by("import harness.values.runs") & (HEAVY - {"pydantic"})
