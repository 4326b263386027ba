"""What a command does not need is not imported; times are measured in benchmarks/cold_start.py."""

import subprocess
import sys
from pathlib import Path

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


TABLE = "{kind: table, config: {data: d}}"
SUITE = """name: s
data: {d: {source: rows.csv, id: id}}
target: {kind: table, config: {data: d}}
steps:
  - {check: rows.rate, with: {column: y}, require: {rate: {at_least: 0.1}}}
"""
HARNESS = str(Path(sys.executable).with_name("harness"))
SIGNING = {"cryptography", "securesystemslib"}
COMPUTING = {"numpy", "scipy", "pyarrow", "duckdb", "sqlglot", "ibis", "pandas", "harness.stats", "harness_rows"}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose ledger holds a run of its table."""
    root = tmp_path_factory.mktemp("recorded")
    (root / "s.suite.yaml").write_text(SUITE)
    (root / "rows.csv").write_text("id,y\n" + "".join(f"{i},{i % 2}\n" for i in range(20)))
    (root / "ci").mkdir()
    (root / "ci" / "gates.yaml").write_text("project: p\ngates: {dev: {suites: [s]}}\n")
    subprocess.run([HARNESS, "run", "s.suite.yaml"], cwd=root, check=True)
    return root


@pytest.mark.parametrize(
    "arguments", [["runs", "list"], ["runs", "explain", "latest"], ["gate", "dev", "--candidate", "unknown"]]
)
def test_what_is_recorded_is_read_without_what_computes(
    recorded: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(recorded)

    loaded = loaded_by(f"from harness.cli import main; main({arguments!r})")

    assert "sqlalchemy" in loaded
    assert set() == loaded & (COMPUTING | SIGNING)


def test_a_gate_derives_verdicts_without_engines_and_plugins(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recorded)
    listed = subprocess.run([HARNESS, "runs", "list"], capture_output=True, text=True, check=True).stdout
    candidate = listed.splitlines()[1].split()[5].rstrip("…")

    loaded = loaded_by(f"from harness.cli import main; main(['gate', 'dev', '--candidate', {candidate!r}])")

    assert "harness.stats" in loaded
    assert set() == loaded & {*SIGNING, "duckdb", "sqlglot", "ibis", "scipy.stats", "harness_rows"}


@pytest.mark.parametrize(
    "config", ["{kind: table, config: {data: d}}", "{kind: http, config: {url: http://x, data: d}}"]
)
def test_a_suite_of_described_plugins_is_validated_without_them(
    recorded: Path, monkeypatch: pytest.MonkeyPatch, config: str
) -> None:
    monkeypatch.chdir(recorded)
    (recorded / "other.suite.yaml").write_text(SUITE.replace(TABLE, config))

    loaded = loaded_by("from harness.cli import main; main(['validate', 'other.suite.yaml'])")

    assert "harness.suite.steps" in loaded
    assert set() == loaded & (COMPUTING | PLUGINS)
