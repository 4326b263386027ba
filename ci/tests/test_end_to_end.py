"""A real repository, a real training, a real gate and promotion: what happens when code, data or quality changes."""

import subprocess
import sys
from pathlib import Path

from ci.tests.plant import Plant


def test_a_good_push_passes_ci_ct_and_cd_and_what_it_signed_verifies(plant: Plant) -> None:
    plant.serve()
    assert plant.promoted is None

    answer = plant.tell_push(*plant.push())
    (ended,) = plant.ended()

    assert answer.json() == {"events": ["new"]}
    assert (ended["state"], ended["reason"]) == ("passed", "")
    assert plant.trainings == 1
    assert plant.promoted is not None
    (statement,) = plant.folder.glob("state/pipelines/*/jobs/cd-promote/made/*.intoto.json")
    about = ["--trust", plant.folder / "keys" / "trust.yaml", "--project", "shop", "--stage", "production"]
    verified = subprocess.run([Path(sys.executable).with_name("harness"), "verify", statement, *about])
    assert verified.returncode == 0
