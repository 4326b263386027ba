"""A dossier holds all that a promotion rests on, can be verified alone, and says how the runs are measured again."""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from conftest import ROOT, Finished
from harness.files import write_atomic
from tests.support.promotions import Shop, commit

APPROVED = "promote: {file"
VERIFY = ("--project", "demo", "--stage", "production")


def dossier(shop: Shop, model: str, *arguments: object) -> tuple[Finished, Mapping[str, str]]:
    """Write a dossier; return what the command said, and the files in it."""
    place = shop.folder / ".harness" / "d.zip"
    done = shop.harness("dossier", model, "--out", place, *arguments)
    if done.code:
        return done, {}
    with zipfile.ZipFile(io.BytesIO(place.read_bytes())) as archive:
        assert archive.testzip() is None
        return done, {name: archive.read(name).decode() for name in archive.namelist() if not name.endswith(".parquet")}


def unpack(shop: Shop, folder: Path) -> Path:
    with zipfile.ZipFile(shop.folder / ".harness" / "d.zip") as archive:
        archive.extractall(folder)
    return folder


def test_a_dossier_holds_what_a_promotion_rests_on_and_no_secret(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "open-sesame")
    shop.judge("m2", "m1")
    assert 0 == shop.promote("m2").code
    shop.judge("m3", "m2")
    assert 0 == shop.promote("m3").code

    done, files = dossier(shop, "m3")
    first = (shop.folder / ".harness" / "d.zip").read_bytes()
    again, _ = dossier(shop, "m3", "--stage", "production")

    assert (0, 0) == (done.code, again.code), done
    assert first == (shop.folder / ".harness" / "d.zip").read_bytes()
    assert {"README.md", "decision.json", "environment.json", "runs/s/run.json", "runs/s/run.intoto.json"} < set(files)
    assert "| s | classifier | accuracy |" in files["model-card.md"].replace("quality.classifier", "classifier")
    assert f"digest: `{shop.digest('m3')}`" in files["model-card.md"]
    assert "champion is m2 (" in files["champion.md"]
    assert "against champion" in files["champion.md"]
    assert "promotion-harness-quality==" in files["requirements.txt"]
    assert not any(secret in text for text in files.values() for secret in ("PRIVATE KEY", "open-sesame", "/tmp/"))


def test_a_dossier_is_verified_with_nothing_else(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.judge("m2", "m1")
    assert 0 == shop.promote("m2").code
    _, files = dossier(shop, "m2")
    monkeypatch.chdir(unpack(shop, tmp_path / "elsewhere"))

    done = shop.harness("verify", "statement.intoto.json", "--type", "promotion", "--trust", "trust.yaml", *VERIFY)

    typed, _, said = files["verification.txt"].partition("\n")
    assert (0, said) == (done.code, done.out)
    assert "$ harness verify statement.intoto.json --type promotion --trust trust.yaml --project demo" in typed


def test_a_dossier_holds_waivers_approvals_and_that_a_gate_was_overridden(shop: Shop) -> None:
    gates = shop.folder / "ci" / "gates.yaml"
    text = gates.read_text().replace(APPROVED, f"approvals: {{count: 1, from: [risk]}}\n    {APPROVED}")
    write_atomic(gates, text)
    commit(shop.folder)
    shop.judge("m2", "m1", rate=0.5)
    who = ("production", "--candidate", "m2", "--gates", gates)
    waived = [
        shop.harness("waive", *who, "--metric", metric, "--reason", "as agreed", *shop.sign("ann"))
        for metric in ("accuracy",)
    ]
    approved = shop.harness("approve", *who, *shop.sign("bob"))
    reason = ("--override", "--reason", "it must go out")
    promoted = shop.promote("m2", *reason, signer="ann")

    done, files = dossier(shop, "m2")

    assert (0, 0) == (approved.code, promoted.code), (approved, promoted)
    assert 0 == done.code, (waived, done)
    assert 1 == len([name for name in files if name.startswith("approvals/") and name.endswith(".intoto.json")])
    assert "bob" in files["approvals/approvals.json"]
    assert "OVERRIDDEN" in files["model-card.md"]
    assert "it must go out" in files["model-card.md"]
    assert "fail: s: " in files["model-card.md"]
    assert "--type override" in files["verification.txt"]


def test_what_was_never_promoted_and_a_ledger_that_lost_entries_have_no_dossier(shop: Shop) -> None:
    shop.judge("m2", "m1")
    backup = shutil.copy(shop.ledger, shop.folder / ".harness" / "yesterday.db")

    never, _ = dossier(shop, "m2")
    assert (4, True) == (never.code, "was never promoted to any stage" in never.err), never

    assert 0 == shop.promote("m2").code
    shutil.copy(backup, shop.ledger)
    lost, _ = dossier(shop, "m2")
    assert (3, True) == (lost.code, "harness audit --rejoin" in lost.err), lost


def clone(shop: Shop, folder: Path) -> Path:
    """Clone what is committed of a project, and bring the tables to where they are read."""
    subprocess.run(["git", "clone", "-q", str(shop.folder), str(folder)], check=True)
    for table in shop.folder.glob("*.parquet"):
        shutil.copy(table, folder)
    return folder


def reproduce(folder: Path, script: Path, commands: Path) -> "subprocess.CompletedProcess[str]":
    """Run the script in a clone, with the commands of an environment and no variable of this one."""
    environment = {"PATH": f"{commands}:/usr/bin:/bin", "HOME": str(folder)}
    return subprocess.run(["sh", script], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("looks", [1, 2])
def test_the_script_of_a_dossier_measures_the_same_runs_again(shop: Shop, tmp_path: Path, looks: int) -> None:
    for day in range(looks):
        shop.judge("m2", "m1", day=day)
    assert 0 == shop.promote("m2").code
    _, files = dossier(shop, "m2", "--rows")
    script = unpack(shop, tmp_path / "unpacked") / "reproduce.sh"
    folder = clone(shop, tmp_path / "clone")

    again = reproduce(folder, script, Path(sys.executable).parent)

    assert (0, True) == (again.returncode, "REPRODUCED  s: the same run digest sha256:" in again.stdout), again
    assert (looks > 1) == any(name.startswith("earlier/") for name in files)
    assert not (folder / ".harness" / "ledger.db").exists()

    table = folder / "m2.parquet"
    shutil.copy(folder / "m2.parquet", folder / "kept.parquet")
    pq.write_table(pq.read_table(folder / "kept.parquet").slice(1), table)
    other = reproduce(folder, script, Path(sys.executable).parent)
    assert (1, True) == (other.returncode, "DIFFERENT  s: the run has not the digest" in other.stderr), other


@pytest.mark.heavy
def test_the_script_of_a_dossier_reproduces_in_an_environment_that_has_nothing_else(shop: Shop, tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("no uv beside this Python; pip install uv")
    shop.judge("m2", "m1")
    assert 0 == shop.promote("m2").code
    dossier(shop, "m2")
    unpacked, folder = unpack(shop, tmp_path / "unpacked"), clone(shop, tmp_path / "clone")
    dist, venv = tmp_path / "dist", tmp_path / "venv"
    build = ("build", "--quiet", "--wheel", "--out-dir", dist, "--package")
    for package in ("promotion-harness", "promotion-harness-quality"):
        subprocess.run([uv, *build, package], cwd=ROOT, check=True, env={**os.environ, "UV_LINK_MODE": "copy"})
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, venv], check=True)
    install = ("pip", "install", "--quiet", "--python", venv, "--find-links", dist)
    subprocess.run([uv, *install, "-r", unpacked / "requirements.txt"], check=True)

    again = reproduce(folder, unpacked / "reproduce.sh", venv / "bin")

    assert (0, True) == (again.returncode, "REPRODUCED  s: the same run digest sha256:" in again.stdout), again
