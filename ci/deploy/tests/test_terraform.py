"""Stages differ in their variables alone, policies find nothing unexplained, and the lock refuses a second apply."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import hcl2
import pytest
import yaml
from fraud_target.embedded import LOOPBACK, free_port, stop
from moto.server import ThreadedMotoServer

from ci.deploy.tests.conftest import CHART, CI, run, tool

TERRAFORM = CI / "terraform"
CLOUDS = ("azure", "gke")
MAY_DIFFER = {"stage", "project", "address_space", "nodes", "admins", "release", "retention_days"}
PATIENCE = 120  # seconds for a busy machine
REGION = "eu-west-1"
SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch started; while [ ! -e go ]; do sleep 0.1; done"
  }
}
"""


def read(path: Path) -> dict[str, Any]:
    return hcl2.loads(path.read_text())  # type: ignore[no-any-return]


def test_the_files_are_formatted() -> None:
    done = run("terraform", "fmt", "-check", "-recursive", TERRAFORM, env=_settings())

    assert (0, "") == (done.returncode, done.stdout)


def test_policies_find_nothing_that_is_not_explained() -> None:
    done = run(
        "checkov", "-d", TERRAFORM, "--framework", "terraform", "-o", "json", "--skip-download",
        env={**os.environ, "BC_SKIP_MAPPING": "TRUE"},
    )  # fmt: skip
    found = json.loads(done.stdout)

    assert [] == [(each["check_id"], each["resource"]) for each in found["results"]["failed_checks"]]
    assert found["summary"]["passed"] > 100
    assert all(len(each["check_result"]["suppress_comment"]) > 20 for each in found["results"]["skipped_checks"])


@pytest.mark.parametrize("cloud", CLOUDS)
def test_stages_set_the_same_variables_and_differ_only_where_they_may(cloud: str) -> None:
    folder = TERRAFORM / cloud
    staging, production = (read(folder / f"{stage}.tfvars") for stage in ("staging", "production"))
    declared = set(re.findall(r'^variable "(\w+)"', (folder / "variables.tf").read_text(), re.MULTILINE))

    assert declared == set(staging) == set(production)
    assert {name for name in declared if staging[name] != production[name]} <= MAY_DIFFER


@pytest.mark.parametrize("cloud", CLOUDS)
def test_no_line_of_the_module_asks_which_stage_it_is(cloud: str) -> None:
    text = "\n".join(path.read_text() for path in sorted((TERRAFORM / cloud).glob("*.tf")))

    assert not re.search(r"stage\s*[!=]=|\?[^\n]+:|\bcount\s*=", text)
    assert all(f"var.{name}" in text for name in re.findall(r'^variable "(\w+)"', text, re.MULTILINE))


@pytest.mark.parametrize("cloud", CLOUDS)
def test_states_lie_in_one_place_under_a_key_for_each_stage(cloud: str) -> None:
    staging, production = (read(TERRAFORM / cloud / f"{stage}.backend.hcl") for stage in ("staging", "production"))

    assert {"key"} == {name for name in staging if staging[name] != production[name]}
    assert set(staging) == set(production)


def test_the_chart_s_secrets_are_those_that_are_made() -> None:
    made = re.search(r"toset\(\[(.+)\]\)", (TERRAFORM / "gke" / "main.tf").read_text())
    asked = yaml.safe_load((CHART / "values" / "gke.yaml").read_text())["secrets"]["keys"]

    assert made
    assert asked == json.loads(f"[{made[1]}]")


def _settings(**more: str) -> dict[str, str]:
    """Return an environment without settings of the machine for terraform."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
    return {**kept, "CHECKPOINT_DISABLE": "1", **more}


def _backend(cloud: str) -> str:
    """Return the backend of a cloud as its module declares it, without providers."""
    found = re.search(r'^  backend "\w+" \{\n.*?^  \}\n', (TERRAFORM / cloud / "versions.tf").read_text(), re.M | re.S)
    assert found
    return f"terraform {{\n{found[0]}}}\n"


@pytest.fixture
def s3() -> Iterator[str]:
    """The URL of a stand-in for S3 that holds the bucket of the states."""
    server = ThreadedMotoServer(ip_address=LOOPBACK, port=free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=url, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
    client.create_bucket(Bucket="harness-state", CreateBucketConfiguration={"LocationConstraint": REGION})
    yield url
    server.stop()


def _open(folder: Path, stage: str, url: str) -> None:
    """Set up a folder that applies something slow, with the state of a stage."""
    folder.mkdir()
    (folder / "main.tf").write_text(_backend("gke") + SLOW)
    known = ("credentials_validation", "metadata_api_check", "requesting_account_id", "s3_checksum")
    (folder / "local.hcl").write_text(
        f'endpoints = {{ s3 = "{url}" }}\nuse_path_style = true\naccess_key = "a"\nsecret_key = "b"\n'
        + "".join(f"skip_{each} = true\n" for each in known)
    )
    files = (TERRAFORM / "gke" / f"{stage}.backend.hcl", folder / "local.hcl")
    done = run(
        "terraform", "init", "-input=false", *(f"-backend-config={each}" for each in files), cwd=folder, env=_settings()
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def _apply(folder: Path) -> "subprocess.CompletedProcess[str]":
    return run("terraform", "apply", "-auto-approve", "-input=false", "-no-color", cwd=folder, env=_settings())


def test_a_second_apply_of_one_stage_is_refused_while_the_first_runs_and_another_stage_is_not(
    s3: str, tmp_path: Path
) -> None:
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    for folder, stage in ((first, "staging"), (second, "staging"), (other, "production")):
        _open(folder, stage, s3)
    for folder in (second, other):
        (folder / "go").touch()

    command = [tool("terraform"), "apply", "-auto-approve", "-input=false"]
    running = subprocess.Popen(command, cwd=first, env=_settings(), stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while not (first / "started").exists():
            assert time.monotonic() < deadline
            assert running.poll() is None
            time.sleep(0.1)
        refused, allowed = _apply(second), _apply(other)
        (first / "go").touch()
        ended = running.wait(PATIENCE)
    finally:
        stop(running)
    after = _apply(second)

    assert 1 == refused.returncode
    assert "Error acquiring the state lock" in refused.stderr
    assert not (second / "started").exists()
    assert [0, 0, 0] == [allowed.returncode, ended, after.returncode], after.stderr
