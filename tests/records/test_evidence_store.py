"""Evidence is kept where the project says, so that another machine can judge new rows with the old ones."""

import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from conftest import Command
from harness.errors import HarnessError, UsageError
from harness.records.evidence_store import open_bundle
from tests.support.looking import Looking, verdict

GATES = "ledger: {ledger}\nevidence: {evidence}\ngates: {{ci: {{suites: [card], on_inconclusive: report}}}}\n"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the URL of a bucket on a server of its own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    request = urllib.request.Request(f"http://{host}:{port}/kept", method="PUT")
    with urllib.request.urlopen(request, timeout=60):
        pass
    yield f"s3://kept/evidence?endpoint_override={host}:{port}&scheme=http&region=us-east-1"
    server.stop()


@pytest.fixture
def looking(project: Path, harness: Command) -> Looking:
    found = Looking(folder=project, harness=harness)
    found.ask()
    return found


def elsewhere(looking: Looking, evidence: str) -> None:
    gates = looking.folder / "ci" / "gates.yaml"
    gates.parent.mkdir(exist_ok=True)
    ledger = f"sqlite:///{looking.folder}/shared.db"
    gates.write_text(GATES.format(ledger=ledger, evidence=evidence))


def fresh_runner(looking: Looking) -> None:
    shutil.rmtree(looking.folder / ".harness", ignore_errors=True)


def test_a_second_look_from_another_machine_is_joined_through_an_object_store(looking: Looking, s3: str) -> None:
    elsewhere(looking, s3)

    looking.look(0, 200)
    fresh_runner(looking)
    second = verdict(looking.look(200, 500))

    assert (500, 2, 200) == (second["estimate"]["n"], second["look"]["number"], second["look"]["joined"])


def test_a_relative_folder_starts_at_the_project(looking: Looking) -> None:
    elsewhere(looking, "kept/here")

    looking.look(0, 200)

    assert [".parquet"] == [file.suffix for file in (looking.folder / "kept" / "here").iterdir()]


def test_without_a_shared_place_a_second_look_from_another_machine_is_an_error_that_says_what_to_do(
    looking: Looking,
) -> None:
    elsewhere(looking, ".harness/evidence")

    looking.look(0, 200)
    fresh_runner(looking)
    second = verdict(looking.look(200, 500))

    assert "error" == second["outcome"]
    assert "a shared ledger needs a shared `evidence:`" in second["reason"]


def test_a_store_that_is_not_there_is_an_error_with_its_name(s3: str) -> None:
    bundle = open_bundle(s3.replace("s3://kept", "s3://lost"))

    with pytest.raises(HarnessError, match="evidence in s3://lost"):
        bundle.write("a.parquet", b"x")


def test_a_url_that_nothing_opens_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no URL that can be opened"):
        open_bundle("gopher://a/b")


@pytest.mark.parametrize("url", ["abfs://evidence@a.example/x", "abfss://a.example/evidence/x"])
@pytest.mark.parametrize("tls", ["false", "False", "0"])
def test_azure_without_tls_is_refused_before_it_is_asked(url: str, tls: str) -> None:
    with pytest.raises(UsageError, match=f"enable_tls={tls.lower()}; take that out"):
        open_bundle(f"{url}?enable_tls={tls}")


def test_a_key_in_the_url_of_azure_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError, match="a key, which is not read") as refusal:
        open_bundle("abfs://account:c2VjcmV0@a.example/evidence/x?enable_tls=false")

    assert "c2VjcmV0" not in str(refusal.value)


def test_a_run_whose_evidence_would_go_to_azure_without_tls_says_what_to_change(looking: Looking) -> None:
    looking.look(0, 200)
    elsewhere(looking, "abfs://evidence@a.example/x?enable_tls=false")

    done = looking.harness(
        "run", looking.folder / "card.suite.yaml", "--param", "model=m", "--param", "look=rows.parquet"
    )

    assert "enable_tls=false; take that out" in done.err
    assert "PASS" not in done.out.upper()
    assert 4 == done.code
