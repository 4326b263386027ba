"""Images are built from the lock in stages, run as nobody, and say what they hold."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from mlflow.projects._project_spec import load_project

from ci.deploy.tests.conftest import CI, run

ROOT = CI.parent
DOCKERFILE = CI / "docker" / "Dockerfile"
STAGE = re.compile(r"^FROM (\S+) AS (\S+)$", re.MULTILINE)
IMAGES = {"fraud": "fraud-target", "handbook": "handbook", "harness": "harness"}


def stages() -> dict[str, tuple[str, str]]:
    """Return what each stage starts from, and its text."""
    _, *parts = STAGE.split(DOCKERFILE.read_text())
    return {name: (base, text) for base, name, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)}


def test_hadolint_finds_nothing() -> None:
    done = run("hadolint", "--failure-threshold", "style", DOCKERFILE)

    assert (0, "") == (done.returncode, done.stdout)


@pytest.mark.parametrize(("image", "program"), IMAGES.items())
def test_an_image_runs_as_nobody_and_takes_only_the_environment_from_its_build(image: str, program: str) -> None:
    base, text = stages()[image]
    runtime = stages()["runtime"][1]
    (command,) = re.findall(r"^CMD (\[.+\])$", text, re.MULTILINE)

    assert "runtime" == base
    assert re.search(r"^USER 10001:10001$", runtime, re.MULTILINE)
    assert "USER" not in text
    assert f"COPY --from=build-{image} /app /app" in text
    assert program == json.loads(command)[0]


@pytest.mark.parametrize("image", IMAGES)
def test_the_lock_has_all_that_an_image_installs(image: str, tmp_path: Path) -> None:
    (command,) = re.findall(r"^RUN uv (sync .+) \\$", stages()[f"build-{image}"][1], re.MULTILINE)
    program = CI.parent / ".venv" / "bin" / "uv"

    done = subprocess.run(
        [str(program), *command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "UV_PROJECT_ENVIRONMENT": str(tmp_path / "app")},
    )  # fmt: skip

    assert 0 == done.returncode, done.stderr
    own = {"harness": "promotion-harness"}.get(image, f"promotion-harness-{image}")
    assert re.search(rf"^ \+ {own}[ =@]", done.stderr, re.MULTILINE)


def test_a_bill_of_materials_names_each_package_with_its_version(tmp_path: Path) -> None:
    uv = CI.parent / ".venv" / "bin" / "uv"
    asked = ["--package", "promotion-harness-fraud", "--extra", "service", "--no-emit-workspace", "--no-hashes"]
    export = [str(uv), "export", "--locked", "--quiet", *asked, "-o", str(tmp_path / "requirements.txt")]
    subprocess.run(export, cwd=ROOT, check=True, capture_output=True)
    bill = tmp_path / "sbom.json"

    done = run("cyclonedx-py", "requirements", "--of", "JSON", "-o", bill, tmp_path / "requirements.txt")

    assert 0 == done.returncode, done.stderr
    held = {each["name"]: each["version"] for each in json.loads(bill.read_text())["components"]}
    locked = {
        each["name"]: each["version"] for each in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
        if "version" in each
    }  # fmt: skip
    assert {"mlflow", "onnxruntime", "fastapi", "uvicorn"} <= set(held)
    assert {name: locked[name] for name in held} == held


def test_the_context_leaves_out_all_that_no_image_needs() -> None:
    first, *others = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text().splitlines()

    assert "*" == first
    kept = {line.removeprefix("!") for line in others if line.startswith("!")}
    copied = {"pyproject.toml", "uv.lock", "README.md", "LICENSE", "harness", "plugins", "reports", "targets"}
    assert copied <= kept
    assert not {".git", ".venv", ".harness", "suites"} & kept


@pytest.mark.parametrize(("variant", "kind"), [("conda", "conda_env"), ("docker", "docker_env")])
def test_the_variants_of_the_ml_project_have_its_steps(variant: str, kind: str) -> None:
    folder = ROOT / "targets" / "fraud"
    beside = folder / "environments" / variant
    original, other = load_project(str(folder)), load_project(str(beside))

    assert kind == other.env_type
    steps = [yaml.safe_load((place / "MLproject").read_text())["entry_points"] for place in (folder, beside)]
    assert steps[0] == steps[1]
    assert original.get_entry_point("train").command == other.get_entry_point("train").command
