"""What is released together is promoted by one statement that names all of it, and only if each part passes."""

import base64
import json
import shutil
from pathlib import Path

import pytest

from conftest import Command, Finished
from harness.files import write_atomic
from tests.support.promotions import SUITE, Shop, commit, open_shop

GATES = """project: demo
ledger: sqlite:///ledger.db
gates:
  fraud:
    suites: [../s.suite.yaml]
    first_promotion: allow
    promote: {file: {path: ../champion.json, files: ../models}}
  handbook:
    suites: [../app.suite.yaml]
    first_promotion: allow
    promote: {file: {path: ../app.json, files: ../models}}
  release:
    parts: {model: fraud, app: handbook}
    first_promotion: allow
    promote: {file: ../release.json}
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("judged") / "project"


@pytest.fixture
def release(project: Path, harness: Command, kept: Path) -> Shop:
    """Return a shop that releases a model and an app together, of which `m2` and `a2` are good and were judged."""
    if kept.is_dir():
        shutil.copytree(kept, project, dirs_exist_ok=True)
        return Shop(folder=project, harness=harness)
    shop = open_shop(project, harness)
    write_atomic(project / "app.suite.yaml", SUITE.replace("name: s\n", "name: a\n"))
    write_atomic(project / "ci" / "gates.yaml", GATES)
    ignored = (project / ".gitignore").read_text()
    write_atomic(project / ".gitignore", f"{ignored}app.json\nrelease.json\n")
    commit(project)
    shop.judge("m2", "m1")
    judge_app(shop, "a2", 0.9)
    shutil.copytree(project, kept)
    return shop


def judge_app(shop: Shop, app: str, rate: float, day: int = 0) -> None:
    """Judge an app that is right so often against `m1`."""
    write_atomic(shop.folder / "models" / app / "weights", f"of {app}")
    shop.write_rows(app, "m1", rate=rate, day=day)
    shop.harness("run", "app.suite.yaml", "--param", f"candidate={app}.parquet", *shop.sign("ci"))


def promote(shop: Shop, model: str, app: str) -> Finished:
    named = ("--candidate", f"model={model}", "--candidate", f"app={app}")
    return shop.harness("promote", "release", *named, *shop.sign("release"))


def released(shop: Shop) -> str:
    file = shop.folder / "release.json"
    return str(json.loads(file.read_text())["revision"]) if file.is_file() else ""


def test_a_release_is_promoted_by_one_statement_that_names_each_part(release: Shop) -> None:
    done = promote(release, "m2", "a2")

    assert (0, "app=a2, model=m2") == (done.code, released(release)), done.out + done.err
    subjects = statement_subjects(release.folder)
    assert {"candidate", "candidate:app", "candidate:model"} <= set(subjects)
    assert release.digest("a2") == subjects["candidate:app"]
    assert release.digest("m2") == subjects["candidate:model"]


def statement_subjects(folder: Path) -> dict[str, str]:
    file = next((folder / ".harness" / "promotions").glob("release-*.intoto.json"))
    said = json.loads(base64.b64decode(json.loads(file.read_text())["payload"]))
    return {each["name"]: f"sha256:{each['digest']['sha256']}" for each in said["subject"]}


def test_a_release_with_a_bad_part_is_not_promoted(release: Shop) -> None:
    judge_app(release, "a3", 0.3)

    done = promote(release, "m2", "a3")

    assert (1, "") == (done.code, released(release)), done.out + done.err


def test_a_release_whose_part_was_judged_against_another_champion_is_not_promoted(release: Shop) -> None:
    write_atomic(release.folder / "models" / "m9" / "weights", "of m9")
    content = {"revision": "m9", "digest": release.digest("m9")}
    release.pointer.write_text(json.dumps(content))

    done = promote(release, "m2", "a2")

    assert done.code > 0
    assert "was judged against m1" in done.err
    assert "m9" in done.err
    assert "" == released(release)


def test_a_release_of_parts_that_are_promoted_already_is_promoted(release: Shop) -> None:
    assert 0 == release.harness("promote", "fraud", "--candidate", "m2", *release.sign("release")).code

    done = promote(release, "m2", "a2")

    assert (0, "app=a2, model=m2") == (done.code, released(release)), done.out + done.err


def test_a_release_is_rolled_back_as_a_whole_and_what_was_left_comes_back_by_nothing_old(release: Shop) -> None:
    judge_app(release, "a3", 0.9)
    first, second = promote(release, "m2", "a2"), promote(release, "m2", "a3")

    back = release.harness("rollback", "release", *release.sign("release"))
    again = promote(release, "m2", "a3")

    assert (0, 0) == (first.code, second.code), second.out + second.err
    assert (0, "app=a2, model=m2") == (back.code, released(release)), back.out + back.err
    assert 0 == release.audit("release").code
    assert "was left by the rollback" in again.err


def test_a_part_that_its_own_stage_left_is_released_by_nothing_old(release: Shop) -> None:
    release.pointer.write_text(json.dumps({"revision": "m1", "digest": release.digest("m1")}))
    moved = release.harness("promote", "fraud", "--candidate", "m2", *release.sign("release"))
    back = release.harness("rollback", "fraud", *release.sign("release"))

    done = promote(release, "m2", "a2")

    assert (0, 0) == (moved.code, back.code), moved.err + back.err
    assert "m2 was left by the rollback of" in done.err.replace("rollback to", "rollback of")
    assert "" == released(release)


@pytest.mark.parametrize("command", [("approve",), ("waive", "--metric", "rate", "--reason", "r")])
def test_whoever_vouches_for_a_release_is_sent_to_the_gates_of_its_parts(
    release: Shop, command: tuple[str, ...]
) -> None:
    done = release.harness(command[0], "release", "--candidate", "m2", *command[1:], *release.sign("release"))

    assert 4 == done.code
    assert "sign for one of 'handbook' (part 'app'), 'fraud' (part 'model')" in done.err


def test_what_is_waived_at_the_gate_of_a_part_is_waived_in_the_release(release: Shop) -> None:
    judge_app(release, "a3", 0.3)
    names = ("quality.classifier.accuracy at_least 0.6", "accuracy against champion")
    asked = ("waive", "handbook", "--candidate", "a3", "--reason", "the old app is gone", *release.sign("ann"))
    waived = [release.harness(*asked, "--metric", name) for name in names]

    decided = release.harness("gate", "release", "--candidate", "model=m2", "--candidate", "app=a3")

    unclear = release.harness(*asked, "--metric", "accuracy")
    assert [0, 0] == [each.code for each in waived], [each.err for each in waived]
    assert "a: quality.classifier.accuracy at_least 0.6" in unclear.err
    assert 0 == decided.code, decided.out + decided.err
    assert "the old app is gone" in decided.out
