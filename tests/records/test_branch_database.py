"""A ledger on a branch of a Git remote: shared, never forced, and tried again where another writer came first."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import HarnessError, UsageError
from harness.records import git_branch
from harness.records.ledger import Ledger
from tests.support.decisions import run, verdict

URL = "git:ledger"
ENV = dict(os.environ)


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with one commit, as working directory; beside it `remote`, which refuses what is not fast-forward."""
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    git(tmp_path / "remote", "config", "receive.denyNonFastForwards", "true")
    git(tmp_path, "clone", "--quiet", "remote", "clone")
    folder = tmp_path / "clone"
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "first")
    git(folder, "push", "--quiet", "origin", "HEAD:main")
    monkeypatch.chdir(folder)
    return folder


def record(name: str) -> None:
    Ledger(URL, "demo").record_run(replace(run(verdict("pass")), id=name))


def test_what_one_machine_records_another_reads(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record("r1")
    git(clone.parent, "clone", "--quiet", "remote", "other")
    monkeypatch.chdir(clone.parent / "other")

    assert ["r1"] == [entry.id for entry in Ledger(URL, "demo").entries()]


def test_a_branch_that_is_not_there_holds_nothing_and_is_not_made_by_reading(clone: Path) -> None:
    assert [] == Ledger(URL, "demo").entries()
    assert "ledger" not in git(clone, "ls-remote", "origin")


def test_the_checkout_is_left_alone(clone: Path) -> None:
    record("r1")

    assert ("", "") == (git(clone, "status", "--porcelain"), git(clone, "branch", "--list", "ledger"))


def test_each_entry_is_a_commit_that_follows_the_one_before(clone: Path) -> None:
    record("r1")
    record("r2")

    git(clone, "fetch", "--quiet", "origin", "ledger")
    assert 2 == len(git(clone, "log", "--format=%H", "FETCH_HEAD").split())


def test_writers_at_the_same_time_lose_no_entry(clone: Path) -> None:
    code = (
        "import sys; from dataclasses import replace; from harness.records.ledger import Ledger;"
        "from tests.support.decisions import run, verdict;"
        f"Ledger({URL!r}, 'demo').record_run(replace(run(verdict('pass')), id=sys.argv[1]))"
    )
    root = str(Path(__file__).parents[2])
    names = [f"r{number}" for number in range(4)]

    def write(name: str) -> int:
        return subprocess.run([sys.executable, "-c", code, name], cwd=clone, env={**ENV, "PYTHONPATH": root}).returncode

    with ThreadPoolExecutor() as pool:
        codes = list(pool.map(write, names))

    assert [0] * 4 == codes
    assert set(names) == {entry.id for entry in Ledger(URL, "demo").entries()}


def test_a_push_that_another_came_before_is_tried_again_on_what_that_pushed(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed = git_branch.Branch.push
    others = ["r-other"]

    def push(self, *arguments):
        if others:
            record(others.pop())
        return pushed(self, *arguments)

    monkeypatch.setattr(git_branch.Branch, "push", push)

    record("r-own")

    assert ["r-other", "r-own"] == [entry.id for entry in Ledger(URL, "demo").entries()]


def test_a_push_that_is_refused_for_another_reason_is_an_error(clone: Path) -> None:
    hook = clone.parent / "remote" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho protected branch; exit 1\n")
    hook.chmod(0o755)

    with pytest.raises(HarnessError, match="ledger git:ledger: git push failed: .*protected branch"):
        record("r1")


def test_outside_a_repository_the_error_names_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    with pytest.raises(HarnessError, match="ledger git:ledger: git ls-remote failed"):
        Ledger(URL, "demo").entries()


@pytest.mark.parametrize("url", ["git:", "git:-x", "git:a b"])
def test_a_name_that_is_no_branch_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="names no branch; write git:BRANCH"):
        Ledger(url, "demo")
