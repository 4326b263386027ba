"""The tools that `ci/deploy/tools` installs, and what helm makes of a file of values."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

CI = Path(__file__).parents[2]
CHART = CI / "helm"
VALUES = sorted(path.stem for path in (CHART / "values").glob("*.yaml"))
RELEASE = "r"
UNPACKAGED = {"terraform": "install Terraform 1.10 or later by hand, as no package on PyPI, npm or Debian has it"}
Manifest = dict[str, Any]
Render = Callable[..., list[Manifest]]


def tool(name: str) -> str:
    """Return the path of a tool, beside Python's or the system's."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.fail(f"no {name} here; {UNPACKAGED.get(name, 'run ci/deploy/tools')}")
    return found


def run(*command: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Return what a tool left behind."""
    name, *rest = map(str, command)
    return subprocess.run([tool(name), *rest], capture_output=True, text=True, timeout=300, **options)


def template(values: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Return what `helm template` makes of a file of values."""
    chosen = CHART / "values" / f"{values}.yaml"
    return run("helm", "template", RELEASE, CHART, "-f", chosen, "--kube-version", "1.35", *options)


@pytest.fixture(scope="session")
def render() -> Render:
    """Give the objects that the chart makes of a file of values and further `--set`s."""

    @cache
    def made(values: str, *options: str) -> list[Manifest]:
        done = template(values, *options)
        assert 0 == done.returncode, done.stderr
        return [each for each in yaml.safe_load_all(done.stdout) if each]

    return made


def find(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """Return the one object of a kind and name."""
    (found,) = [each for each in manifests if (each["kind"], each["metadata"]["name"]) == (kind, f"{RELEASE}-{name}")]
    return found


def pod_templates(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Return the pod template of all that runs pods, by kind and name."""
    return {
        f"{each['kind']}/{each['metadata']['name']}": each["spec"]["template"]
        for each in manifests
        if "template" in each.get("spec", {})
    }
