"""The gates of this repository's own suites can be asked, and whom they trust is who holds the key made in a clone."""

import shutil
from pathlib import Path

import pytest

from conftest import ROOT, Command
from harness.gating.gates import GateSuite, read_gates
from harness.signing.trust import read_trust
from harness.suite.pinned import read_pinned

FILE = ROOT / "ci" / "gates.yaml"
GATES = read_gates(FILE)


@pytest.fixture
def clone(project: Path) -> Path:
    """A folder with what `fraud-demo` starts from."""
    for name in ("ci/gates.yaml", "ci/trust.yaml"):
        (project / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    shutil.copytree(ROOT / "suites", project / "suites")
    return project


@pytest.mark.parametrize("stage", [stage for stage, gate in GATES.gates.items() if not gate.parts])
def test_every_suite_that_a_stage_asks_for_is_there_with_its_parameters_pinned(stage: str) -> None:
    asked = [suite for suite in GATES.gates[stage].suites if isinstance(suite, GateSuite)]

    found = [read_pinned(FILE.parent / suite.file, suite.params, {"candidate": "x"}) for suite in asked]

    assert len(GATES.gates[stage].suites) == len(found) > 0
    assert all(any(each.severity == "must" for step in suite.steps for each in step.requirements) for suite in found)


def test_the_key_that_a_clone_makes_runs_and_promotes_at_every_stage(clone: Path, harness: Command) -> None:
    unmade = harness("gate", "handbook", "--candidate", "x")
    made = harness("keys", "new", ".harness/keys/demo.key")

    trust = read_trust(clone / "ci" / "trust.yaml")
    answers = {stage: harness("gate", stage, *_candidates(stage)) for stage in GATES.gates}

    assert (4, True) == (unmade.code, "put the public key there" in unmade.err)
    assert 0 == made.code, made.err
    for stage, done in answers.items():
        for role in ("runner", "promoter"):
            assert {"demo"} == trust.persons_in(role, project="retail-fraud", stage=stage)
        assert (3, True) == (done.code, "run the suite first" in done.out), done


def _candidates(stage: str) -> list[str]:
    """Return the options that name a candidate nobody judged, for each part if a stage asks for parts."""
    names = [f"{part}=x" for part in GATES.gates[stage].parts] or ["x"]
    return [word for name in names for word in ("--candidate", name)]
