"""Stages differ in their variables alone, policies find nothing unexplained, and the lock refuses a second apply."""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from fraud_target.embedded import stop

from ci.deploy.tests.conftest import CHART, run
from ci.deploy.tests.states import PATIENCE, TERRAFORM, States, azure_states, s3_states

CLOUDS = ("azure", "gke")
MAY_DIFFER = {"stage", "project", "address_space", "nodes", "admins", "release", "retention_days"}
SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch started; while [ ! -e go ]; do sleep 0.1; done"
  }
}
"""


def settings(path: Path) -> dict[str, str]:
    """Return what a file sets, each value as it stands there, in its one line."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}


def test_the_files_are_formatted() -> None:
    done = run("terraform", "fmt", "-check", "-recursive", TERRAFORM, env={"PATH": os.environ["PATH"]})

    assert (0, "") == (done.returncode, done.stdout), done.stderr


@pytest.mark.parametrize("cloud", CLOUDS)
def test_stages_set_the_same_variables_and_differ_only_where_they_may(cloud: str) -> None:
    folder = TERRAFORM / cloud
    staging, production = (settings(folder / f"{stage}.tfvars") for stage in ("staging", "production"))
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
    staging, production = (settings(TERRAFORM / cloud / f"{stage}.backend.hcl") for stage in ("staging", "production"))

    assert {"key"} == {name for name in staging if staging[name] != production[name]}
    assert set(staging) == set(production)


def test_the_chart_s_secrets_are_those_that_are_made() -> None:
    made = re.search(r"toset\(\[(.+)\]\)", (TERRAFORM / "gke" / "main.tf").read_text())
    asked = yaml.safe_load((CHART / "values" / "gke.yaml").read_text())["secrets"]["keys"]

    assert made
    assert asked == json.loads(f"[{made[1]}]")


@pytest.fixture(params=CLOUDS)
def states(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[States]:
    """A place for states of each backend."""
    (tmp_path / "azure").mkdir()
    with s3_states() if request.param == "gke" else azure_states(tmp_path / "azure") as found:
        yield found


def _apply(states: States, folder: Path) -> tuple[int, str]:
    """Return how an apply ended, and what it printed."""
    process = states.start(folder, "apply", "-auto-approve")
    said, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def test_a_second_apply_of_one_stage_is_refused_while_the_first_runs_and_another_stage_is_not(
    states: States, tmp_path: Path
) -> None:
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    for folder, stage in ((first, "staging"), (second, "staging"), (other, "production")):
        states.open(folder, stage, SLOW)
    for folder in (second, other):
        (folder / "go").touch()

    running = states.start(first, "apply", "-auto-approve")
    try:
        deadline = time.monotonic() + PATIENCE
        while not (first / "started").exists():
            assert time.monotonic() < deadline
            assert running.poll() is None, running.communicate()
            time.sleep(0.1)
        refused, why = _apply(states, second)
        touched = (second / "started").exists()
        allowed, _ = _apply(states, other)
        (first / "go").touch()
        said, _ = running.communicate(timeout=PATIENCE)
    finally:
        stop(running)
    after, then = _apply(states, second)

    assert 1 == refused
    assert "Error acquiring the state lock" in why
    assert not touched
    assert [0, 0, 0] == [allowed, running.returncode, after], said + then
