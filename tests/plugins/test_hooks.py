"""Each hook, exercised through the installed command by a plugin that is not the host's."""

from pathlib import Path

import pytest

from conftest import ROOT, Command
from harness.plugins import hooks
from harness.plugins.hooks import HOOKS
from tests.support.signing import new_signers, write_trust
from tests.support.suites import offer

PROBE = (
    '''
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

from harness import Identity, Measurement, check, hookimpl, perform_alone, pick, write_atomic, samples


@check("probe.rows", metrics={"rows": "exact"})
def rows(target: "Target", data: "Dataset"):
    """Count the rows of the target's data."""
    yield Measurement(metric="rows", sample=samples.exact(value=data.size, n=data.size))


@dataclass(frozen=True)
class Probe:
    datasets: object
    revision: str
    url: str = None

    def identity(self):
        return Identity(revision=self.revision, digest="sha256:" + "0" * 64)

    def dataset(self, name):
        return pick(self.datasets, name)


@contextmanager
def probe(datasets, *, data: str, revision: str):
    yield Probe(datasets, revision)


def alone(works, perform):
    """Perform every work in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return list(pool.map(perform_alone, works))


def told(report, out):
    path = write_atomic(out / "probe.txt", " ".join(run.outcome for run in report.runs))
    return f"probe: {path.name}"


class Registry:
    def current(self, config):
        return config["holds"]

    def move(self, config, identity):
        raise AssertionError("a gate moved what it was only asked about")

    def read_back(self, config):
        return config["holds"] and Identity(revision=config["holds"])


@hookimpl
def harness_checks():
    return {"probe.rows": rows}


@hookimpl
def harness_targets():
    return {"probe": probe}


@hookimpl
def harness_executors():
    return {"probe.alone": alone}


@hookimpl
def harness_reporters():
    return {"probe": told}


@hookimpl
def harness_promoters():
    return {"probe": Registry()}
'''.replace('"Target"', "Target")
    .replace('"Dataset"', "Dataset")
    .replace("import Identity,", "import Dataset, Identity, Target,")
)
SUITE = """name: s
data: {d: {source: scores.parquet, id: id}}
target: {kind: probe, config: {data: d, revision: v1}}
baselines: {champion: {config: {revision: v0}}}
steps:
  - {check: probe.rows, require: {rows: [{at_least: 400}]}}
"""


@pytest.fixture
def probed(project: Path, scores: Path) -> Path:
    offer(project, probe=PROBE)
    (project / "s.suite.yaml").write_text(SUITE)
    return project / "s.suite.yaml"


def test_hook_harness_checks(probed: Path, installed: Command) -> None:
    done = installed("run", probed)

    assert (0, "") == (done.code, done.err)
    assert "probe.rows" in done.out


def test_hook_harness_targets(probed: Path, installed: Command) -> None:
    done = installed("run", probed)

    assert "candidate v1 (sha256:000000000000" in done.out


def test_hook_harness_executors(probed: Path, installed: Command) -> None:
    site = probed.parent
    serial = installed("run", probed, "--json")

    alone = installed("run", probed, "--json", "--executor", "probe.alone", PYTHONPATH=str(site))

    assert (0, 0) == (serial.code, alone.code), alone.err
    digests = [line for done in (serial, alone) for line in done.out.splitlines() if '"digest": "sha256:' in line]
    assert digests[: len(digests) // 2] == digests[len(digests) // 2 :]


def test_hook_harness_reporters(probed: Path, installed: Command, tmp_path: Path) -> None:
    done = installed("run", probed, "--report", "probe", "--out", tmp_path / "out")

    assert "probe: probe.txt" in done.out
    assert "pass" == (tmp_path / "out" / "probe.txt").read_text()


@pytest.mark.parametrize(("holds", "code"), [("null", 0), ("models:/m/1", 3)])
def test_hook_harness_promoters(probed: Path, installed: Command, holds: str, code: int) -> None:
    """A registry that promoted before forbids a first promotion without a champion."""
    probed.write_text(
        SUITE.replace("[{at_least: 400}]", "[{at_least: 400}, {versus: champion, lose_at_most: 1}]").replace(
            "{config: {revision: v0}}", "{kind: absent, config: {}}"
        )
    )
    offer(probed.parent, probe=PROBE, absent=ABSENT)
    gates = probed.parent / "gates.yaml"
    gates.write_text(
        "ledger: sqlite:///ledger.db\n"
        f"gates: {{production: {{suites: [{probed.name}], first_promotion: allow, "
        f"promote: {{probe: {{holds: {holds}}}}}}}}}\n"
    )
    write_trust(probed.parent, new_signers())
    ran = installed("run", probed, "--gates", gates, "--signer", "file:ci.key")

    done = installed("gate", "production", "--candidate", "v1", "--gates", gates)

    assert 3 == ran.code
    assert (code, "") == (done.code, done.err), done.out


ABSENT = """
from contextlib import contextmanager
from harness import Absent, hookimpl

@contextmanager
def absent(datasets, *, data: str, revision: str):
    raise Absent("no model is called champion yet")
    yield

@hookimpl
def harness_targets():
    return {"absent": absent}
"""


def test_every_hook_has_a_test_and_a_doc_entry() -> None:
    documented = (ROOT / "docs" / "plugins.md").read_text()

    specified = {name for name in vars(hooks) if name.startswith("harness_")}

    assert set(HOOKS) == specified
    for name in HOOKS:
        assert f"test_hook_{name}" in globals()
        assert f"`{name}`" in documented
