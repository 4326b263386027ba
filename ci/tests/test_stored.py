"""A ledger in a store: what decides writes to it, a pull request reads a copy, and no candidate is given the keys."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from harness_ci.control import open_control
from harness_ci.pipelines import PipelinesFile, read_pipelines
from harness_ci.planning import Plan
from harness_ci.steps import Places, Stages

from ci.tests.plant import PIPELINES, Plant
from ci.tests.test_end_to_end import pull
from harness import UsageError
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from tests.support.stores import S3, S3_KEYS, s3_server

WATCHES = "    watch: {rows: {path: data/rows.parquet, every: 1s}}\n"
TELLS = '\nimport os\n(data / "shown").write_text("\\n".join(os.environ))\n'
AZURE_KEYS = {"AZURE_CLIENT_ID": "pod", "AZURE_TENANT_ID": "t", "AZURE_FEDERATED_TOKEN_FILE": "/token"}
STORES = [
    ("s3://bucket/ledger.db", S3_KEYS),
    ("abfs://ledger@account.dfs.core.windows.net/ledger.db", AZURE_KEYS),
    ("abfss://ledger@account.dfs.core.windows.net/ledger.db", AZURE_KEYS),
]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """A server of buckets, which the environment has the key to."""
    set_all(monkeypatch, S3_KEYS)
    with s3_server() as found:
        yield found


def set_all(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def entries(ledger: str) -> list[Entry]:
    return list(Ledger(ledger, "shop").entries())


def keep_in_store(plant: Plant, s3: S3) -> str:
    """Keep a project's ledger and evidence in a bucket, let its training say what it was shown; return the ledger."""
    ledger, gates = s3.url("p/ledger.db"), plant.work / "ci" / "gates.yaml"
    text = gates.read_text().replace(f"sqlite:///{plant.folder}/ledger.db", ledger)
    gates.write_text(text.replace(f"evidence: {plant.folder}/evidence", f"evidence: {s3.url('p/evidence')}"))
    with (plant.work / "train.py").open("a") as training:
        training.write(TELLS)
    plant.write(PIPELINES.replace("sqlite:///ledger.db", ledger).replace(WATCHES, ""))
    return ledger


def test_a_push_is_decided_in_the_bucket_and_a_pull_request_on_a_copy(plant: Plant, s3: S3) -> None:
    ledger = keep_in_store(plant, s3)
    plant.serve()

    before, base = plant.push()
    plant.tell_push(before, base)
    (passed,) = plant.ended()
    recorded = entries(ledger)
    _, head = plant.push("refs/pull/1/head")
    plant.deliver("pull_request", pull(1, base, head, "acme/shop"))
    asked = plant.ended(2)[-1]

    assert ("passed", "") == (passed["state"], passed["reason"])
    assert plant.promoted is not None
    kinds = Counter(entry.kind for entry in recorded)
    assert {"run": 2, "run-statement": 2, "decision": 3, "promotion": 1, "move": 1} == kinds
    assert ("passed", "", ["ci"]) == (asked["state"], asked["reason"], asked["stages"])
    assert recorded == entries(ledger)
    assert recorded == entries(f"sqlite:///{plant.folder}/state/pipelines/{asked['id']}/ledger.db")[: len(recorded)]
    shown = (plant.folder / "data" / "shown").read_text().splitlines()
    assert not set(S3_KEYS) & set(shown)


def stages(folder: Path, ledger: str, env: str = "") -> Stages:
    """Return the stages of a target whose ledger is there, and whose `env` names those variables."""
    text = PIPELINES.replace("sqlite:///ledger.db", ledger).replace("    deadline:", f"    env: [{env}]\n    deadline:")
    (folder / "pipelines.yaml").write_text(text)
    file: PipelinesFile = read_pipelines(folder / "pipelines.yaml")
    return Stages(file=file, target=file.targets["shop"], root=folder)


@pytest.mark.parametrize(("ledger", "keys"), STORES)
def test_what_opens_the_store_is_given_to_what_runs_or_decides_and_to_nothing_of_a_candidate(
    ledger: str, keys: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, {**keys, "UNRELATED": "x"})
    made, places = stages(tmp_path, ledger), Places(pipeline="p", folder=tmp_path)
    stage, pushed, asked = made.target.stages["ct"], Plan(kind="code", stages=("ct",)), Plan(kind="code", pull=1)

    of_push = {job.key: set(job.env) for job in made.candidate_jobs("ct", stage, pushed, places)}
    of_pull = {job.key: set(job.env) for job in made.candidate_jobs("ct", stage, asked, places)}
    gate = set(made.gate_job("ct", stage, pushed, places, None).env)

    assert set(keys) <= of_push.pop("ct-run")
    assert set(keys) <= gate
    assert not {*keys, "UNRELATED"} & set[str]().union(*of_push.values(), *of_pull.values())
    assert "UNRELATED" not in gate


@pytest.mark.parametrize(("ledger", "keys"), STORES)
def test_a_target_that_would_give_candidates_what_opens_the_store_is_not_served(
    ledger: str, keys: Mapping[str, str], plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, keys)
    file = stages(plant.folder, ledger, ", ".join(keys)).file

    refused = pytest.raises(UsageError, match=f"target shop: `env` gives candidates {min(keys)}.*take it out")
    with refused, open_control(file, plant.folder, plant.folder / "state"):
        pass


def test_a_ledger_that_candidates_get_no_copy_of_is_refused_wherever_it_is_named(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER_URL", "git:promotion-ledger")
    plant.write(PIPELINES.replace("ledger: sqlite:///ledger.db", "ledger: {env: LEDGER_URL}"))
    file = read_pipelines(plant.folder / plant.file)

    refused = pytest.raises(UsageError, match="should begin with one of sqlite:///, s3://")
    with refused, open_control(file, plant.folder, plant.folder / "state"):
        pass
