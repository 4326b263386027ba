"""pytest runs suites and plugins in the process that records: no key is there, and no way into a ledger elsewhere."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import scored_rows
from harness.records.ledger import Ledger
from tests.pytest_plugin.conftest import Project, project_in
from tests.support.signing import new_signers, write_trust

SECRET = "s3cretword"
SERVER = "postgresql+psycopg://127.0.0.1:1/none"
DIGEST = "sha256:" + "c" * 64
SUITE = """name: s
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d, model: m/2, made_by: by}}
steps:
  - check: rows.rate
    with: {column: ok}
    require: {rate: {at_least: 0.1}}
"""
GATES = """project: demo
ledger: LEDGER
gates:
  production: {suites: [../suites/s.suite.yaml], uncommitted: allow, promote: {file: {path: served.json}}}
"""
HERE = ("--harness-ledger", "sqlite:///.harness/ledger.db")


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """A project whose ledger is a server, and whose gate promotes."""
    found = project_in(tmp_path / "shop", suites_s__suite__yaml=SUITE)
    rows = scored_rows(400)
    pq.write_table(rows.append_column("by", pa.array([f"m/2@{DIGEST}"] * 400)), found.folder / "suites/scores.parquet")
    write_trust(found.folder / "ci", new_signers())
    write_gates(found, SERVER)
    return found


def write_gates(shop: Project, ledger: str) -> None:
    (shop.folder / "ci" / "gates.yaml").write_text(GATES.replace("LEDGER", ledger))


@pytest.mark.parametrize("where", [SERVER, "git:promotion-ledger"], ids=["server", "branch"])
def test_a_session_records_in_a_local_file_alone(shop: Project, where: str) -> None:
    write_gates(shop, where)

    refused = shop.inside("suites")

    assert 2 == refused.code
    assert f"so it records in a local file alone; the ledger is {where}" in refused.out
    assert "add --harness-ledger sqlite:///.harness/ledger.db --harness-out DIR" in refused.out
    assert not (shop.folder / ".harness" / "evidence").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [("HARNESS_SIGNER", "env:KEY"), ("PGPASSWORD", SECRET), ("COPY", SERVER)],
    ids=["signer", "password", "url"],
)
def test_a_session_that_has_a_key_or_the_way_into_the_ledger_measures_nothing(
    shop: Project, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)

    refused = shop.inside("suites", *HERE)

    assert (2, False) == (refused.code, SECRET in refused.out)
    assert f"which may have neither a key nor the way into the ledger; found {name} in the environment" in refused.out


def test_a_key_that_the_settings_name_is_found_in_the_environment(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = shop.folder / "pyproject.toml"
    settings.write_text(settings.read_text() + 'signer = "env:RUNNER_KEY"\n')

    without = shop.inside("suites", *HERE)
    monkeypatch.setenv("RUNNER_KEY", (shop.folder / "ci" / "ci.key").read_text())
    beside = shop.inside("suites", *HERE)

    assert (0, True) == (without.code, "unsigned, as tests run in this process" in without.out), without.out
    assert (2, True) == (beside.code, "found RUNNER_KEY in the environment" in beside.out)


def test_a_password_in_the_gates_file_is_refused_and_not_told(shop: Project) -> None:
    write_gates(shop, f"postgresql+psycopg://someone:{SECRET}@127.0.0.1:1/none")

    refused = shop.inside("suites", *HERE)

    assert (2, False) == (refused.code, SECRET in refused.out)
    assert "the ledger's URL holds a password" in refused.out


def test_a_session_without_suites_may_have_what_it_likes(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop.folder / "test_own.py").write_text("def test_own():\n    pass\n")
    monkeypatch.setenv("HARNESS_SIGNER", "env:KEY")

    assert 0 == shop.inside("test_own.py").code


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_what_a_session_measured_is_signed_recorded_and_promoted_by_others(
    shop: Project, workers: tuple[str, ...]
) -> None:
    measured = shop.pytest("suites", *HERE, "--harness-out", "out", *workers)
    kept = ("--ledger", "sqlite:///kept.db")
    unsigned = shop.harness("gate", "production", "--run", "out", *kept)
    signed = shop.harness("runs", "sign", "out", "--signer", "file:ci/ci.key", *kept)
    decided = shop.harness("gate", "production", "--run", "out", *kept)
    promoted = shop.harness("promote", "production", "--candidate", DIGEST, "--signer", "file:ci/release.key", *kept)

    assert (0, 3, 0, 0, 0) == (measured.code, unsigned, signed, decided, promoted), measured.out
    runs = list(Ledger(f"sqlite:///{shop.folder}/kept.db", "demo").entries("run"))
    assert [run.id for run in shop.runs("s")] == [run.id for run in runs]


def test_a_folder_that_cannot_be_written_to_is_named(shop: Project) -> None:
    (shop.folder / "out").write_text("a file")

    refused = shop.inside("suites", *HERE, "--harness-out", "out")

    assert (1, True) == (refused.code, "cannot be written" in refused.out), refused.out
