"""Evidence is kept on Azure Blob as in any other store; Azurite stands for it, which takes keys and no identities."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from fraud_target.embedded import LOOPBACK, free_port, stop
from pyarrow.fs import AzureFileSystem

from ci.deploy.tests.conftest import tool
from harness.errors import HarnessError
from harness.records.evidence import write_rows
from harness.records.evidence_store import Bundle, open_bundle

ACCOUNT = "devstoreaccount1"
KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's, and public
)
PATIENCE = 60  # seconds for a busy machine


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureFileSystem]:
    """A Blob service of its own, with an empty container `evidence`."""
    port, folder = free_port(), tmp_path_factory.mktemp("azurite")
    where = ["--blobHost", LOOPBACK, "--blobPort", str(port), "--location", str(folder), "--skipApiVersionCheck"]
    process = subprocess.Popen(
        [tool("azurite-blob"), "--silent", "--disableTelemetry", *where], stdout=subprocess.DEVNULL
    )
    authority = f"{LOOPBACK}:{port}"
    files = AzureFileSystem(
        ACCOUNT, account_key=KEY, blob_storage_authority=authority, dfs_storage_authority=authority,
        blob_storage_scheme="http", dfs_storage_scheme="http",
    )  # fmt: skip
    try:
        _create_container(files, "evidence")
        yield files
    finally:
        stop(process)


def _create_container(files: AzureFileSystem, name: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return files.create_dir(name)
        except OSError:
            assert time.monotonic() < deadline, "Azurite does not answer"
            time.sleep(0.2)


def test_rows_are_written_once_listed_read_and_erased(azurite: AzureFileSystem) -> None:
    bundle = Bundle(where="abfs://evidence/runs", files=azurite, root="evidence/runs")
    rows = pa.table({"id": [1, 2, 3], "y": [0, 1, 1]})

    name, again = write_rows(rows, bundle), write_rows(rows, bundle)
    content = bundle.read(name)
    bundle.write(f"kept/{name}", content)
    listed, nothing = bundle.list("kept"), bundle.list("none")
    bundle.delete(f"kept/{name}")

    assert name == again
    assert b"PAR1" == content[:4]
    assert [f"kept/{name}"] == listed
    assert [] == nothing
    assert name in bundle
    assert f"kept/{name}" not in bundle


def test_a_container_that_is_not_there_is_an_error_with_its_name(azurite: AzureFileSystem) -> None:
    bundle = Bundle(where="abfs://lost/runs", files=azurite, root="lost/runs")

    with pytest.raises(HarnessError, match="evidence in abfs://lost"):
        bundle.write("a.parquet", b"x")


def test_the_module_s_output_is_a_url_that_opens_its_container() -> None:
    outputs = (Path(__file__).parents[2] / "terraform" / "azure" / "outputs.tf").read_text()
    (url,) = [line.split('"')[1] for line in outputs.splitlines() if "abfss://" in line]

    bundle = open_bundle(url.replace("${azurerm_storage_account.evidence.name}", "harnessproductionev"))

    assert isinstance(bundle.files, AzureFileSystem)
    assert "evidence/evidence" == bundle.root
