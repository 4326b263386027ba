"""A project with ledger and evidence both in a container of Azure, or a bucket of S3: run, gated, promoted, anchored.

Azurite stands for Azure, and opens to a pod's identity by TLS; moto stands for S3.
"""

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import obstore
import pyarrow as pa
import pytest
from obstore.store import AzureStore, S3Store
from pyarrow.fs import AzureFileSystem

from ci.deploy.tests.conftest import CI
from ci.deploy.tests.identities import ACCOUNT, CONTAINER, STRANGER, Azure, azure_by_identity
from conftest import ROOT, Command
from harness.errors import HarnessError
from harness.records.evidence import write_rows
from harness.records.evidence_store import ArrowFiles, open_bundle
from harness.records.ledger import Ledger
from harness.records.store_urls import read_store_url
from tests.support.promotions import Shop, open_shop
from tests.support.stores import S3_KEYS, s3_server

KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's, and public
)
WRITER = (
    "import sys; from dataclasses import replace; from harness.records.ledger import Ledger;"
    "from tests.support.decisions import run, verdict;"
    "[Ledger(sys.argv[1], 'demo').record_run(replace(run(verdict('pass')), id=name)) for name in sys.argv[2:]]"
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """An empty folder of a store: its URLs, the variables that open it, and a client of the tests' own."""

    ledger: str
    evidence: str
    keys: Mapping[str, str]
    open_client: Callable[[], S3Store | AzureStore]
    folder: str


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    """A Blob service of its own that takes an identity alone, with an empty container."""
    with azure_by_identity(tmp_path_factory.mktemp("azure")) as found:
        yield found


def azure_place(azure: Azure, container: str = CONTAINER) -> Place:
    folder = uuid.uuid4().hex
    host = f"{container}@{ACCOUNT}.dfs.core.windows.net/{folder}"
    options = f"blob_storage_authority={azure.address}&dfs_storage_authority={azure.address}"
    config = {"account_name": ACCOUNT, "endpoint": f"https://{azure.address}/{ACCOUNT}"}
    return Place(
        ledger=f"abfs://{host}/ledger.db?{options}",
        evidence=f"abfs://{host}/evidence?{options}",
        keys=azure.variables,
        open_client=lambda: AzureStore(CONTAINER, config=config),
        folder=folder,
    )


@pytest.fixture(params=["azure", "s3"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An empty folder, which the environment has the key to."""
    if request.param == "azure":
        found = azure_place(request.getfixturevalue("azure"))
        _set_all(monkeypatch, found.keys)
        yield found
        return
    with s3_server() as server:
        _set_all(monkeypatch, S3_KEYS)
        config = {"endpoint": f"http://{server.address}", "region": "us-east-1"}
        yield Place(
            ledger=server.url("p/ledger.db"), evidence=server.url("p/evidence"), keys=S3_KEYS, folder="p",
            open_client=lambda: S3Store(server.bucket, config=config, client_options={"allow_http": True}),
        )  # fmt: skip


def _set_all(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def kept(place: Place) -> Sequence[str]:
    """Return the names of all that is kept there."""
    listed = obstore.list(place.open_client(), place.folder).collect()
    return sorted(each["path"].removeprefix(f"{place.folder}/") for each in listed)


@pytest.fixture
def shop(project: Path, installed: Command, place: Place) -> Shop:
    return open_shop(project, installed, f"{place.ledger}\nevidence: {place.evidence}")


def test_a_project_is_run_gated_and_promoted_and_a_ledger_restored_from_yesterday_is_refused(
    shop: Shop, place: Place
) -> None:
    run = shop.judge("m2", "m1")
    gate = shop.harness("gate", "production", "--candidate", "m2")
    yesterday = bytes(obstore.get(place.open_client(), f"{place.folder}/ledger.db").bytes())
    promotion, names = shop.promote("m2"), kept(place)
    obstore.put(place.open_client(), f"{place.folder}/ledger.db", yesterday)
    refused = shop.promote("m2")

    assert 0 == run.code, run.out + run.err
    assert 0 == gate.code, gate.out + gate.err
    assert 0 == promotion.code, promotion.out + promotion.err
    assert "m2" == shop.promoted
    assert ["ledger.db", "ledger.db.conditions"] == [name for name in names if name.startswith("ledger")]
    assert any(name.startswith("evidence/") and name.endswith(".parquet") for name in names)
    assert not list(shop.folder.glob("**/*.db"))
    assert not (shop.folder / ".harness" / "evidence").exists()
    assert 0 != refused.code
    assert "lost" in refused.out + refused.err


def test_writers_at_the_same_time_lose_no_entry(place: Place) -> None:
    mine = [[f"{writer}-{number}" for number in range(3)] for writer in "abc"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    writers = [subprocess.Popen([sys.executable, "-c", WRITER, place.ledger, *each], env=env) for each in mine]
    codes = [writer.wait(240) for writer in writers]

    assert [0] * len(mine) == codes
    assert {name for each in mine for name in each} == {entry.id for entry in Ledger(place.ledger, "demo").entries()}


def test_rows_are_written_once_listed_read_and_erased(place: Place) -> None:
    bundle = open_bundle(place.evidence)
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


def test_a_container_that_is_not_there_is_an_error_with_its_name(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = azure_place(azure, container="lost")
    _set_all(monkeypatch, lost.keys)

    with pytest.raises(HarnessError, match="evidence in abfs://lost"):
        open_bundle(lost.evidence).write("a.parquet", b"x")
    with pytest.raises(HarnessError, match="ledger abfs://lost@.*ContainerNotFound"):
        Ledger(lost.ledger, "demo").entries()


def test_an_identity_whose_tokens_are_for_something_else_opens_nothing(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = azure_place(azure)
    _set_all(monkeypatch, {**place.keys, "AZURE_CLIENT_ID": STRANGER})

    with pytest.raises(HarnessError, match="ledger abfs://kept@"):
        Ledger(place.ledger, "demo").entries()
    with pytest.raises(HarnessError, match="evidence in abfs://kept@"):
        open_bundle(place.evidence).write("a.parquet", b"x")


def test_the_account_s_key_opens_ledger_and_evidence(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    place = azure_place(azure)
    keys = {"AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_KEY": KEY}
    _set_all(monkeypatch, {**keys, "SSL_CERT_FILE": azure.variables["SSL_CERT_FILE"]})

    Ledger(place.ledger, "demo").record("run", "r1", "{}")
    bundle = open_bundle(place.evidence)
    bundle.write("a.parquet", b"x")

    assert ["r1"] == [entry.id for entry in Ledger(place.ledger, "demo").entries()]
    assert b"x" == bundle.read("a.parquet")


@pytest.mark.parametrize(("output", "path"), [("evidence", "evidence/evidence"), ("ledger", "ledger/ledger.db")])
def test_the_module_s_outputs_are_urls_of_its_containers(output: str, path: str) -> None:
    outputs = (CI / "terraform" / "azure" / "outputs.tf").read_text()
    (url,) = re.findall(rf'output "{output}" {{\n.*\n?  value = +"(abfss://.+)"', outputs)
    url = url.replace("${azurerm_storage_account.evidence.name}", "harnessproductionev")

    place, files = read_store_url(url, output), open_bundle(url).files

    assert ("harnessproductionev", path) == (place.account, f"{place.container}/{place.path}")
    assert isinstance(files, ArrowFiles)
    assert (AzureFileSystem, path) == (type(files.system), files.root)
