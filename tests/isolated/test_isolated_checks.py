"""Checks in an environment of their own measure what they would here, and fail alone."""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Command
from tests.support.forging import Document, forge_runs
from tests.support.isolated import reasons, run

MEASURE = """
- {check: echoes.measure, with: {column: ok}, require: {share: {at_least: 0.7}, mean: {at_least: 0.7},
   rows: {at_least: 400}, shift: {at_most: 0.5}}}
"""
RATE = "\n- {check: rows.rate, with: {column: ok}, require: {rate: {at_least: 0.7}}}"


def misbehave(*ways: str) -> str:
    steps = (
        f"\n- {{name: {how}, check: echoes.misbehave, with: {{how: {how}}}, require: {{rows: {{at_least: 1}}}}}}"
        for how in ways
    )
    return "".join(steps)


@pytest.mark.usefixtures("scores")
def test_results_are_the_same_in_process_and_isolated(harness: Command, isolate: Callable[..., None]) -> None:
    apart, isolated = run(harness, MEASURE)
    is_imported = "echoes" in sys.modules
    isolate()
    shutil.rmtree(".harness")

    together, in_process = run(harness, MEASURE)

    assert not is_imported
    assert "echoes" in sys.modules
    assert 0 == apart.code == together.code
    for part in ("verdicts", "measurements", "datasets", "candidate"):
        assert in_process["runs"][0][part] == isolated["runs"][0][part]
    assert "; environment sha256:" in isolated["runs"][0]["plugins"]["echoes"]


@pytest.mark.usefixtures("scores", "isolate")
def test_each_failure_is_the_error_of_its_step_and_others_are_judged(harness: Command, isolate: Any) -> None:
    isolate(lock="echoes.lock.txt", seconds=6, megabytes=4000)
    ways = ["killed", "memory", "raises", "refuses", "exits", "prints", "forks", "nan", "half", "schema", "steals"]
    ways += ["other", "unknown", "orphans", "lingers"]

    done, found = run(harness, RATE + misbehave(*ways, "hangs", "long") + MEASURE)

    errors = reasons(found)
    assert done.code == 3
    assert {"prints", "forks", "lingers", "rows.rate", "echoes.measure"}.isdisjoint(errors)
    expected = {
        "killed": r"gave no whole answer \(it ended without an answer\): its process was killed by SIGKILL \(9\)",
        "memory": "raised MemoryError",
        "raises": "^check 'echoes.misbehave' raised ValueError: bad things",
        "refuses": "^no such thing; name another",
        "exits": "^check 'echoes.misbehave' raised SystemExit: 3",
        "nan": "counts that are no numbers",
        "half": r"a frame of 1000 bytes ended after 5\): its process ended with exit code 0",
        "long": r"a frame of 2147483648 bytes ended",
        "schema": r"it answered with \['verdict'\] what it was not asked\): its process was killed",
        "steals": "'/etc/passwd' is no file of the worker's own folder",
        "other": "^check 'echoes.misbehave' returned int, not Measurement values",
        "unknown": "there is no harness.samples.nothing",
        "orphans": "was killed by SIGKILL",
        "hangs": "did not end in 6 s, and its process was ended",
    }
    assert expected.keys() == errors.keys()
    for how, why in expected.items():
        assert re.search(why, errors[how]), errors[how]


@pytest.mark.usefixtures("scores", "isolate")
def test_workers_get_no_variables_and_no_network_of_the_host(
    harness: Command, isolate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret")
    isolate(lock="echoes.lock.txt", variables={"OPTED_OUT": "1"})

    _, found = run(harness, misbehave("environment", "network"))

    assert reasons(found)["environment"] == "variables ['OPTED_OUT']"
    plugin = found["runs"][0]["plugins"]["echoes"]
    assert "ConnectionRefusedError" in reasons(found)["network"] or plugin.endswith("network not enforced")


@pytest.mark.usefixtures("scores", "isolate")
def test_a_step_ends_with_the_time_of_its_run(harness: Command) -> None:
    _, found = run(harness, misbehave("hangs") + RATE, "--timeout", "6s")

    assert re.search("did not end in [1-6] s, and its process was ended", reasons(found)["hangs"])


@pytest.mark.usefixtures("scores")
def test_an_environment_that_cannot_be_built_is_the_error_of_its_steps_alone(echoes: Path, harness: Command) -> None:
    lock = Path("echoes.lock.txt")
    lock.write_text(re.sub("sha256:[0-9a-f]{8}", "sha256:00000000", lock.read_text()))

    done, found = run(harness, MEASURE + RATE)
    prepared = harness("plugins", "prepare", "echoes")

    assert done.code == 3
    assert "cannot be built from echoes.lock.txt" in reasons(found)["echoes.measure"]
    assert "rows.rate" not in reasons(found)
    assert prepared.code == 3
    assert "cannot be built" in prepared.err


@pytest.mark.usefixtures("scores")
def test_an_environment_that_was_changed_measures_nothing(echoes: Path, harness: Command) -> None:
    prepared = harness("plugins", "prepare", "echoes")
    folder = Path(prepared.out.split()[2])
    (site,) = folder.glob("lib/python*/site-packages")
    added = site / "surprise.pth"

    added.write_text("import os")
    _, found = run(harness, MEASURE)
    added.unlink()
    again = harness("plugins", "prepare", "echoes")
    changed = site / "pyarrow" / "__init__.py"
    content = changed.read_bytes()
    changed.unlink()
    changed.write_bytes(content + b"#")
    _, other = run(harness, MEASURE)
    changed.write_bytes(content)

    assert "surprise.pth was not installed by its lock" in reasons(found)["echoes.measure"]
    assert prepared.out == again.out
    assert "pyarrow/__init__.py is not what was installed" in reasons(other)["echoes.measure"]
    assert harness("plugins", "prepare", "echoes").out == prepared.out


@pytest.mark.usefixtures("echoes")
def test_listing_shows_what_is_isolated(harness: Command) -> None:
    listed = harness("plugins").out.splitlines()
    shown = harness("plugins", "echoes").out.splitlines()

    isolated = {line.split()[0]: line.endswith("isolated") for line in listed}
    assert isolated["echoes"]
    assert not isolated["table"]
    assert "echoes  [tool.harness] plugins local  isolated" == shown[0]
    assert "no plugin 'table' is isolated" in harness("plugins", "prepare", "table").err


def test_a_plugin_that_needs_the_host_cannot_be_isolated(echoes: Path, harness: Command) -> None:
    source = Path("echoes.py")
    source.write_text(
        source.read_text().replace("*, how: str", "target: Target, *, how: str").replace("Check,", "Check, Target,", 1)
    )
    sys.modules.pop("echoes", None)

    described = harness("plugins", "describe", "echoes")

    assert described.code == 3
    assert "has a target; use datasets and plain values" in described.err


@pytest.mark.usefixtures("scores", "echoes")
def test_a_gate_asks_for_a_new_run_where_the_sources_of_an_isolated_plugin_changed(harness: Command) -> None:
    Path("ci").mkdir()
    Path("ci/gates.yaml").write_text("project: demo\ngates: {production: {suites: [../s.suite.yaml]}}\n")
    _, found = run(harness, MEASURE)
    recorded = found["runs"][0]["plugins"]["echoes"]

    as_it_was = harness("gate", "production", "--candidate", "r1")
    with Path("echoes.py").open("a") as source:
        source.write("# other\n")
    edited = harness("gate", "production", "--candidate", "r1")
    Path("echoes.py").write_text(Path("echoes.py").read_text().removesuffix("# other\n"))
    with Path("echoes.lock.txt").open("a") as lock:
        lock.write("# other\n")
    locked = harness("gate", "production", "--candidate", "r1")

    assert re.fullmatch(r"\S+ \S+( \S+)?; sources sha256:\w{64}; environment sha256:\w{64}(, network not.*)?", recorded)
    assert 0 == as_it_was.code, as_it_was.out + as_it_was.err
    for other in (edited, locked):
        assert 3 == other.code
        assert "plugin 'echoes' has other source files now than when it measured" in other.out


@pytest.mark.usefixtures("scores", "echoes")
def test_a_gate_says_where_the_lock_of_an_isolated_plugin_gives_another_environment_here(harness: Command) -> None:
    Path("ci").mkdir()
    Path("ci/gates.yaml").write_text("project: demo\ngates: {production: {suites: [../s.suite.yaml]}}\n")
    run(harness, MEASURE)
    here = harness("plugins", "prepare", "echoes").out.split()[1]

    def change(document: Document) -> None:
        document["plugins"]["echoes"] = document["plugins"]["echoes"].replace(here, "sha256:" + "1" * 64)

    forge_runs(Path(".harness/ledger.db"), change)
    done = harness("gate", "production", "--candidate", "r1")

    message = f"plugin 'echoes' measured in environment sha256:111111111111…, and its lock gives {here[:19]}… here"
    assert (0, True) == (done.code, message in done.out), done
