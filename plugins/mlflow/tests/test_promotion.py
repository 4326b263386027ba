"""Which version a gate is told is promoted now, and how another one is."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow as tracking
import pytest
from harness_mlflow import harness_promoters
from harness_mlflow import mlflow as connect

from harness import HarnessError, Identity, Proof, UsageError
from harness.testing import dataset

ALIAS = harness_promoters()["mlflow"]


def current(**config: Any) -> str | None:
    return ALIAS.current(config)


@pytest.fixture
def config(store: Any, folder: Path, tmp_path: Path) -> Mapping[str, Any]:
    """A model of its own in the store, with two versions that a test may change, and nothing promoted."""
    name = f"own-{tmp_path.name}"
    store.client.create_registered_model(name)
    for number in ("1", "2"):
        files = shutil.copytree(folder, tmp_path / number)
        (files / "requirements.txt").write_text(f"# version {number}\n")
        store.client.create_model_version(name, str(files))
    return {"model": name, "alias": "champion", "tracking_uri": store.uri}


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, as MLflow keeps artefacts of a local store where it is asked."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judged(config: Mapping[str, Any], version: str) -> Identity:
    """Return who a run says was judged."""
    rows = {"d": dataset({"id": [1], "amount": [1.0], "hour": [2.0]}, "d")}
    uri = f"models:/{config['model']}/{version}"
    with connect(rows, data="d", model=uri, tracking_uri=config["tracking_uri"]) as target:
        return target.identity()


def test_an_alias_stands_for_a_version(store: Any) -> None:
    assert "models:/fraud/1" == current(model="fraud", alias="champion", tracking_uri=store.uri)


def test_what_was_never_promoted_is_none(store: Any) -> None:
    assert current(model="fraud", alias="nobody", tracking_uri=store.uri) is None
    assert current(model="froud", alias="champion", tracking_uri=store.uri) is None


def test_a_store_that_is_not_there_is_no_first_promotion(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"no MLflow store at 'sqlite:///.*typo.db'"):
        current(model="fraud", alias="champion", tracking_uri=f"sqlite:///{tmp_path / 'typo.db'}")


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(
        UsageError, match="promote: mlflow takes model, alias, tracking_uri, registry_uri; stage: Extra"
    ):
        current(model="fraud", alias="champion", stage="Production")


def test_what_was_moved_is_read_back_as_it_was_judged(config: Mapping[str, Any]) -> None:
    who = judged(config, "2")

    ALIAS.move(config, who)

    found = ALIAS.read_back(config)
    assert found is not None
    assert (who.revision, who.digest) == (found.revision, found.digest)
    assert who.revision == ALIAS.current(config)


def test_another_candidate_takes_the_place_of_the_first(config: Mapping[str, Any]) -> None:
    first, second = judged(config, "1"), judged(config, "2")

    seen = []
    for who in (first, second, first):
        ALIAS.move(config, who)
        found = ALIAS.read_back(config)
        seen.append(found.digest if found else None)

    assert [first.digest, second.digest, first.digest] == seen
    assert first.digest != second.digest


def test_nothing_promoted_is_read_back_as_nobody(config: Mapping[str, Any]) -> None:
    assert ALIAS.read_back(config) is None
    assert ALIAS.read_back({**config, "model": "never-registered"}) is None


def test_files_that_changed_are_read_back_as_they_are(config: Mapping[str, Any], tmp_path: Path) -> None:
    who = judged(config, "1")
    ALIAS.move(config, who)

    (tmp_path / "1" / "requirements.txt").write_text("# another\n")

    found = ALIAS.read_back(config)
    assert found is not None
    assert (who.revision, True) == (found.revision, who.digest != found.digest)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"digest": "sha256:" + "0" * 64}, "was judged as sha256:0000.*, its files are sha256:.* now; judge what is"),
        ({"digest": None}, "is only declared, without digest; judge the model itself"),
        ({"revision": "models:/fraud/1"}, "models:/fraud/1 is no version of the registered model 'own-"),
        ({"revision": "runs:/0123/linear"}, "runs:/0123/linear is no version of the registered model 'own-"),
        ({"revision": "VERSION/3"}, "cannot be looked up: .*own-.*3"),
    ],
)
def test_what_is_not_what_was_judged_is_refused_and_nothing_moves(
    config: Mapping[str, Any], changes: Mapping[str, Any], message: str
) -> None:
    first = judged(config, "1")
    ALIAS.move(config, first)
    second = replace(judged(config, "2"), **changes)
    second = replace(second, revision=second.revision.replace("VERSION", f"models:/{config['model']}"))

    with pytest.raises(HarnessError, match=message):
        ALIAS.move(config, second)

    assert first.revision == ALIAS.current(config)


def test_files_that_changed_since_they_were_judged_are_not_promoted(config: Mapping[str, Any], tmp_path: Path) -> None:
    who = judged(config, "1")
    (tmp_path / "1" / "requirements.txt").write_text("# another\n")

    with pytest.raises(HarnessError, match="its files are sha256:.* now; judge what is there"):
        ALIAS.move(config, who)

    assert ALIAS.current(config) is None


def proof(digit: str, **changes: Any) -> Proof:
    said = {"project": "cards", "stage": "prod", "kind": "promotion", "envelope": f'{{"payload": "{digit}"}}'}
    return Proof(digest=f"sha256:{digit * 64}", **{**said, **changes})


def tags(store: Any, config: Mapping[str, Any], version: str) -> Mapping[str, str]:
    found: Mapping[str, str] = store.client.get_model_version(config["model"], version).tags
    return found


def statement(store: Any, artefact: str) -> str:
    run, path = artefact.removeprefix("runs:/").split("/", 1)
    with tempfile.TemporaryDirectory() as folder:
        return Path(store.client.download_artifacts(run, path, folder)).read_text()


@pytest.mark.usefixtures("in_folder")
def test_a_statement_is_kept_as_an_artefact_that_the_version_names(store: Any, config: Mapping[str, Any]) -> None:
    first, second = judged(config, "1"), judged(config, "2")
    ALIAS.keep_proof(config, first, proof("a"))
    ALIAS.keep_proof(config, first, proof("c", stage="staging"))

    for _ in range(2):
        ALIAS.keep_proof(config, second, proof("b", kind="override"))

    kept = tags(store, config, "2")
    assert "override" == kept["harness.prod"]
    assert f"sha256:{'b' * 64}" == kept["harness.prod.statement"]
    assert '{"payload": "b"}' == statement(store, kept["harness.prod.artefact"])
    assert {"harness.staging", "harness.staging.statement", "harness.staging.artefact"} == set(tags(store, config, "1"))
    runs = store.client.search_runs([store.client.get_experiment_by_name("cards").experiment_id])
    assert 3 == len(runs)


@pytest.mark.usefixtures("in_folder")
def test_a_statement_stands_beside_the_run_that_made_the_version(
    store: Any, config: Mapping[str, Any], folder: Path
) -> None:
    run = store.client.create_run("0").info.run_id
    version = store.client.create_model_version(config["model"], str(folder), run_id=run).version

    ALIAS.keep_proof(config, judged(config, str(version)), proof("a"))

    assert (
        f"runs:/{run}/harness/prod-promotion-{'a' * 12}.intoto.json"
        == tags(store, config, str(version))["harness.prod.artefact"]
    )


@pytest.mark.usefixtures("in_folder")
def test_a_store_that_takes_no_statement_says_so(config: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    who = judged(config, "1")
    monkeypatch.setattr(tracking.MlflowClient, "log_text", refuse)

    with pytest.raises(HarnessError, match="did not take the statement of models:/own-.*: no room"):
        ALIAS.keep_proof(config, who, proof("a"))


def refuse(*_: Any, **__: Any) -> None:
    raise tracking.exceptions.MlflowException("no room")
