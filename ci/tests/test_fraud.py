"""The own pipelines file names what is there; `benchmarks/control.py` leads the fraud model through it."""

from harness_ci.pipelines import read_pipelines

from conftest import ROOT
from harness import read_yaml


def test_the_repositorys_own_file_names_gates_and_suites_that_are_there() -> None:
    gates = read_yaml(ROOT / "ci" / "gates.yaml")["gates"]

    for target in read_pipelines(ROOT / "ci" / "pipelines.yaml").targets.values():
        for stage in target.stages.values():
            assert stage.gate in gates
            assert all((ROOT / suite).exists() for suite in stage.suites)
