"""Policies find nothing in what is deployed that is not mended or explained."""

import json
import os
import shutil
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from ci.deploy.tests.conftest import CI, VALUES, Render, run

REASONS = yaml.safe_load((CI / "deploy" / "findings.yaml").read_text())


@pytest.fixture(scope="module")
def found(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What checkov says of the modules, the Dockerfile and the objects of every file of values, in one run."""
    folder = tmp_path_factory.mktemp("deployed")
    for name in ("terraform", "docker"):
        shutil.copytree(CI / name, folder / name)
    for values in VALUES:
        (folder / f"{values}.yaml").write_text(yaml.safe_dump_all(render(values)))
    done = run(
        "checkov", "-d", folder, "--framework", "terraform", "kubernetes", "dockerfile", "-o", "json",
        "--skip-download", env={**os.environ, "BC_SKIP_MAPPING": "TRUE"},
    )  # fmt: skip
    reports: dict[str, Any] = {}
    for each in json.loads(done.stdout):
        kept = reports.setdefault(each["check_type"], {"failed": [], "skipped": [], "passed": 0})
        kept["failed"] += [(check["check_id"], check["resource"]) for check in each["results"]["failed_checks"]]
        kept["skipped"] += [check["check_result"]["suppress_comment"] for check in each["results"]["skipped_checks"]]
        kept["passed"] += each["summary"]["passed"]
    return reports


def test_in_terraform_they_find_nothing_that_is_not_explained_there(found: Mapping[str, Any]) -> None:
    assert [] == found["terraform"]["failed"]
    assert found["terraform"]["passed"] > 100
    assert all(len(comment) > 20 for comment in found["terraform"]["skipped"])


@pytest.mark.parametrize(("framework", "least"), [("kubernetes", 1000), ("dockerfile", 50)])
def test_in_objects_and_images_they_find_what_is_explained_and_no_more(
    framework: str, least: int, found: Mapping[str, Any]
) -> None:
    assert set(REASONS[framework]) == {check for check, _ in found[framework]["failed"]}
    assert found[framework]["passed"] > least
    assert all(len(reason) > 20 for reason in REASONS[framework].values())
