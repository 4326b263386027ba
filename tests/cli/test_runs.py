import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Command, Finished
from tests.support.databases import change
from tests.support.suites import suite

AS_ANYONE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]  # root, held to the modes of files


def read_only(folder: Path, *arguments: object) -> Finished:
    """Run a command in a folder in which nothing can be written."""
    if os.getuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root writes everywhere, and there is no setpriv to keep it from that")
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    harness = [Path(sys.executable).with_name("harness"), *arguments]
    try:
        done = subprocess.run(
            [*(AS_ANYONE if os.getuid() == 0 else ()), *harness], cwd=folder, capture_output=True, text=True
        )
    finally:
        for path in folders:
            path.chmod(0o755)
    return Finished(code=done.returncode, out=done.stdout, err=done.stderr)


def recorded(project: Path, harness: Command, count: int = 1) -> Path:
    path = suite(project, "{at_least: 0.7}")
    for _ in range(count):
        harness("run", path)
    return path


@pytest.mark.usefixtures("scores")
def test_runs_are_listed_newest_first_without_reading_them(project: Path, harness: Command) -> None:
    recorded(project, harness, 2)
    change(f"sqlite:///{project}/.harness/ledger.db", "DELETE FROM bodies")

    head, *lines = harness("runs", "list").out.splitlines()

    assert "run started (UTC) outcome suite candidate digest" == " ".join(head.split())
    assert [("pass", "s")] * 2 == [tuple(line.split()[3:5]) for line in lines]
    assert sorted(lines, key=lambda line: line.split()[1:3], reverse=True) == lines
    assert "" == harness("runs", "list", "--suite", "other").out


@pytest.mark.usefixtures("scores")
def test_one_run_is_read_by_the_start_of_its_id_or_digest(project: Path, harness: Command) -> None:
    recorded(project, harness)
    key, *_, digest = harness("runs", "list").out.splitlines()[1].split()

    names = (key[:6], digest, digest[:6], f"sha256:{digest}", "latest")
    shown = [harness("runs", "show", name).out for name in names]

    assert [shown[0]] * 5 == shown
    assert "no run 'x'; `harness runs list` shows the ids" in harness("runs", "show", "x").err


@pytest.mark.usefixtures("scores")
def test_a_disk_that_cannot_be_written_to_can_be_read_from(project: Path, harness: Command) -> None:
    path = recorded(project, harness)

    listed, planned = read_only(project, "runs", "list"), read_only(project, "plan", path.name)

    assert (0, harness("runs", "list").out, "") == (listed.code, listed.out, listed.err)
    assert (0, "") == (planned.code, planned.err)


@pytest.mark.usefixtures("scores")
def test_without_a_ledger_there_are_no_runs_and_none_is_made(project: Path) -> None:
    path = suite(project, "{at_least: 0.7}")

    listed, planned = read_only(project, "runs", "list"), read_only(project, "plan", path.name)

    assert (0, "", "") == (listed.code, listed.out, listed.err)
    assert (0, "") == (planned.code, planned.err)
    assert not (project / ".harness").exists()


@pytest.mark.usefixtures("scores")
def test_runs_are_chosen_by_candidate_outcome_and_time(project: Path, harness: Command) -> None:
    path = suite(project, "{at_least: 0.7}")
    for model, asked in (("m/1", "0.7"), ("m/2", "0.95")):
        text = path.read_text().replace("{data: d}", f"{{data: d, model: {model}}}").replace("0.7}", f"{asked}}}")
        other = project / f"{model[-1]}.suite.yaml"
        other.write_text(text)
        harness("run", other)

    def chosen(*options: str) -> list[str]:
        return [line.split()[5] for line in harness("runs", "list", *options).out.splitlines()[1:]]

    assert (["m/2", "m/1"], ["m/1"]) == (chosen(), chosen("--candidate", "m/1"))
    assert (["m/2"], []) == (chosen("--outcome", "fail"), chosen("--outcome", "error"))
    assert (["m/2", "m/1"], []) == (chosen("--since", "1d"), chosen("--since", "2099-01-01"))
    assert (
        "--since takes an ISO 8601 date or time; found 'yesterday'"
        in harness("runs", "list", "--since", "yesterday").err
    )


@pytest.mark.usefixtures("scores")
def test_comparing_shows_what_changed_and_counts_the_rest(project: Path, harness: Command) -> None:
    path = suite(project, "[{at_least: 0.7}, {at_least: 0.5}]")
    harness("run", path)
    path.write_text(path.read_text().replace("at_least: 0.7", "at_least: 0.95"))
    harness("run", path)
    second, first = (line.split()[0] for line in harness("runs", "list").out.splitlines()[1:])

    lines = harness("runs", "compare", first, second).out.splitlines()
    same = harness("runs", "compare", first, first).out.splitlines()

    assert (3, 2) == (len(lines), len(same))
    assert "(at least 70 % was asked, now at least 95 %)" in lines[1]
    assert "pass -> fail: 1 verdicts changed, 0 more values changed, 1 unchanged" == lines[2]
    assert "pass -> pass: 0 verdicts changed, 0 more values changed, 2 unchanged" == same[1]
