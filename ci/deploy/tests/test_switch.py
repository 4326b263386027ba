"""Only a slot that is to get traffic it has not is asked, whatever else an upgrade changes."""

from pathlib import Path

import pytest
import yaml

from ci.deploy.tests.cluster import serve_cluster
from ci.deploy.tests.conftest import RELEASE, Render, template

OTHER = "sha256:" + "9" * 64


@pytest.mark.parametrize(
    ("stands", "wanted", "asked"),
    [
        ("blue", ["blue"], set()),
        ("blue", ["green"], {"fraud-green"}),
        ("blue", ["canary"], {"fraud-green"}),
        ("green", ["blue"], {"fraud-blue"}),
        ("blue", ["blue", "--set", "services.fraud.replicas.max=30"], set()),
        ("blue", ["blue", "--set", f"services.fraud.slots.green.digest={OTHER}"], set()),
        ("blue", ["blue", "--set", f"services.fraud.slots.blue.digest={OTHER}"], {"fraud-blue"}),
        (None, ["blue"], {"fraud-blue", "handbook-blue"}),
    ],
)
def test_an_upgrade_asks_about_what_it_gives_traffic(
    stands: str | None, wanted: list[str], asked: set[str], render: Render, tmp_path: Path
) -> None:
    deployed = [each for each in render(stands) if each["kind"] in ("Service", "Deployment")] if stands else []
    with serve_cluster(deployed, render("blue"), tmp_path / "config") as config:
        done = template(*wanted, "--dry-run=server", "--disable-openapi-validation", "--kubeconfig", str(config))

    assert 0 == done.returncode, done.stderr
    jobs = [each["metadata"]["name"] for each in yaml.safe_load_all(done.stdout) if each and each["kind"] == "Job"]
    assert asked == {name.removeprefix(f"{RELEASE}-switch-") for name in jobs}
