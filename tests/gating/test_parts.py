"""A gate of parts decides about several candidates at once: each is held by a gate of its own, and all must pass."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from conftest import Command, Finished, scored_rows
from harness.gating.gates import GatesFile
from harness.gating.weakening import find_weaker_gates
from harness.records.ledger import Ledger

SUITE = """name: NAME
data: {d: {source: NAME.parquet, id: id}}
target: {kind: table, config: {data: d, model: NAME/2}}
steps:
  - check: rows.rate
    with: {column: ok}
    require: {rate: {at_least: 0.75}}
"""
GATES = """project: demo
gates:
  fraud: {suites: [../model.suite.yaml]}
  handbook: {suites: [../app.suite.yaml]}
  nightly: {suites: [../app.suite.yaml], watch: true}
  release: {parts: {model: fraud, app: handbook}}
"""
BOTH = ("--candidate", "model=model/2", "--candidate", "app=app/2")
GOOD, BAD, CLOSE = 0.9, 0.6, 0.76


def judge(project: Path, harness: Command, model: float = GOOD, app: float = GOOD) -> None:
    """Write the gates, and judge a model and an app that are well so often."""
    (project / "ci").mkdir(exist_ok=True)
    (project / "ci" / "gates.yaml").write_text(GATES)
    for seed, (name, rate) in enumerate({"model": model, "app": app}.items()):
        (project / f"{name}.suite.yaml").write_text(SUITE.replace("NAME", name))
        pq.write_table(scored_rows(400, seed=seed, rate=rate), project / f"{name}.parquet")
        harness("run", f"{name}.suite.yaml")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("judged") / "project"


@pytest.fixture
def judged(project: Path, harness: Command, kept: Path) -> Path:
    """Return a project whose model and app are both good, and were judged."""
    if kept.is_dir():
        shutil.copytree(kept, project, dirs_exist_ok=True)
        return project
    judge(project, harness)
    shutil.copytree(project, kept)
    return project


def ask(harness: Command, *arguments: object) -> Finished:
    return harness("gate", "release", *(arguments or BOTH))


@pytest.mark.parametrize(
    ("model", "app", "code", "said"),
    [
        (GOOD, GOOD, 0, "PASS  app=app/2, model=model/2 may pass release"),
        (BAD, GOOD, 1, "FAIL  app=app/2, model=model/2 may not pass release"),
        (GOOD, BAD, 1, "FAIL  app=app/2, model=model/2 may not pass release"),
        (GOOD, CLOSE, 2, "INCONCLUSIVE  app=app/2, model=model/2 is not decided for release"),
    ],
)
def test_a_gate_of_parts_passes_only_if_each_part_does(
    project: Path, harness: Command, model: float, app: float, code: int, said: str
) -> None:
    judge(project, harness, model, app)

    done = ask(harness)

    assert (code, True) == (done.code, said in done.out), done.out


def test_a_gate_of_parts_says_why_of_each_suite_that_keeps_it_back_and_of_no_other(
    project: Path, harness: Command
) -> None:
    judge(project, harness, app=BAD)

    lines = ask(harness).out.splitlines()

    assert ["fail: app: rate"] == [line.strip()[:15] for line in lines if "rate" in line]


def test_a_decision_of_parts_names_each_and_is_recorded_after_those_of_their_gates(
    judged: Path, harness: Command
) -> None:
    found = json.loads(ask(harness, *BOTH, "--json").out)

    assert {"model": "model/2", "app": "app/2"} == {name: who["revision"] for name, who in found["parts"].items()}
    assert {"model", "app"} == set(found["runs"]) == set(found["suites"])
    book = Ledger(f"sqlite:///{judged / '.harness' / 'ledger.db'}", "demo")
    assert ["fraud", "handbook", "release"] == [decision.gate for decision in book.decisions()]
    assert found["parts"] == {name: vars(who) for name, who in book.decisions()[-1].parts.items()}


def test_a_part_that_nobody_judged_is_an_error(judged: Path, harness: Command) -> None:
    done = ask(harness, "--candidate", "model=model/2", "--candidate", "app=app/3")

    assert (3, True) == (done.code, "error: app: no run of this candidate" in done.out), done.out


def test_candidates_in_each_others_place_pass_nothing(judged: Path, harness: Command) -> None:
    done = ask(harness, "--candidate", "model=app/2", "--candidate", "app=model/2")

    assert (3, 2) == (done.code, done.out.count("no run of this candidate")), done.out


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (("model=model/2",), "decides about all of its parts, and 'app' was left out"),
        (("model=model/2", "app="), "'app=' is of no part"),
        (("model=model/2", "apps=app/2"), "'apps=app/2' is of no part of gate 'release'; did you mean 'app'?"),
        (("model=model/2", "model=model/3", "app=app/2"), "part 'model' has two candidates"),
        (("model/2",), "'model/2' is of no part"),
    ],
)
def test_a_gate_of_parts_decides_about_exactly_one_candidate_each(
    judged: Path, harness: Command, named: tuple[str, ...], said: str
) -> None:
    done = ask(harness, *[word for name in named for word in ("--candidate", name)])

    assert (4, True) == (done.code, said in done.err), done.err


def test_a_gate_of_one_candidate_takes_one(judged: Path, harness: Command) -> None:
    done = harness("gate", "fraud", "--candidate", "model/2", "--candidate", "model/3")

    assert (4, True) == (done.code, "decides about one candidate, and 2 were named" in done.err)


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("app: handbook", "app: nowhere", "gate 'nowhere', which is not there"),
        ("app: handbook", "app: fraud", "each with a gate of its own"),
        ("app: handbook", "app: release", "has parts itself"),
        ("app: handbook", "app: nightly", "watches what is deployed"),
        (", app: handbook", "", "needs 2 parts or more"),
        ("{parts:", "{run_max_age: 24h, parts:", "write run_max_age there"),
        ("{parts:", "{on_inconclusive: report, parts:", "write on_inconclusive there"),
        ("{parts:", "{enforce: false, parts:", "write enforce there"),
        ("{parts:", "{suites: [../app.suite.yaml], parts:", "give one of both"),
        ("handbook}}", "handbook}, promote: {file: x.json}}", "promotes nothing, so it does not ask for proof"),
        ("{parts: {model: fraud, app: handbook}}", "{}", "asks for suites, or for parts"),
    ],
)
def test_a_gates_file_whose_parts_prove_nothing_is_refused(
    judged: Path, harness: Command, was: str, now: str, said: str
) -> None:
    (judged / "ci" / "gates.yaml").write_text(GATES.replace(was, now))

    done = ask(harness)

    assert (4, True) == (done.code, said in done.err), done.err


def test_parts_that_are_held_to_suites_of_one_name_are_refused(judged: Path, harness: Command) -> None:
    gates = GATES.replace("fraud: {suites: [../model.suite.yaml]}", "fraud: {suites: [../model.suite.yaml, app]}")
    (judged / "ci" / "gates.yaml").write_text(gates)
    same = (judged / "app.suite.yaml").read_text().replace("app/2", "model/2")
    (judged / "again.suite.yaml").write_text(same)
    harness("run", "again.suite.yaml")

    done = ask(harness)

    assert (4, True) == (done.code, "are both held to suite 'app'" in done.err), done.out + done.err


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("app: handbook}", "app: other}", "gate release: part app: other, was handbook"),
        ("app: handbook}", "tool: handbook}", "gate release: part app: nothing, was handbook"),
        ("  release: {parts: {model: fraud, app: handbook}}\n", "", "gate release: removed"),
    ],
)
def test_a_part_that_is_left_out_or_held_by_another_gate_asks_less(was: str, now: str, said: str) -> None:
    gates = GATES + "  other: {suites: [s]}\n"
    before, after = (GatesFile.model_validate(yaml.safe_load(text)) for text in (gates, gates.replace(was, now)))

    assert [said] == [f"{each.place}: {each.says}" for each in find_weaker_gates(before, after)]
