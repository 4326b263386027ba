"""The shipped suite passes the handbook as it is, says the same again, and fails one that finds or says too little."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rag_target.answers import Answer
from rag_target.handbook import Handbook

from harness import parse_yaml

SHIPPED = Path(__file__).parents[3] / "suites" / "handbook"
SUITE = "handbook.suite.yaml"
Command = Callable[..., Any]


@pytest.fixture
def suite(project: Path) -> Path:
    for file in SHIPPED.iterdir():
        shutil.copy(file, project)
    return project / SUITE


def shorten(suite: Path, check: str, **config: object) -> None:
    """Keep one check, and ask a handbook configured otherwise."""
    message = parse_yaml(suite.read_text(), SUITE)
    message["steps"] = [step for step in message["steps"] if step["check"] == check]
    message["target"]["config"] |= {"retrieval": "bm25", **config}
    suite.write_text(json.dumps(message))


def outcomes(project: Path) -> dict[str, str]:
    verdicts = json.loads((project / "out" / "handbook" / "run.json").read_text())["verdicts"]
    return {verdict["metric"]: verdict["outcome"] for verdict in verdicts}


def test_the_shipped_suite_passes_in_one_command_without_a_model(suite: Path, harness: Command) -> None:
    found = harness("run", suite)

    assert 0 == found.code, found.out + found.err
    assert "PASS  handbook: 7 pass of 7 musts" in found.out
    assert "extractive+hybrid@" in found.out


def test_the_same_handbook_gives_the_same_run_again(suite: Path, harness: Command) -> None:
    shorten(suite, "rag.retrieval")

    digests = []
    for folder in ("one", "two"):  # without what was recorded before
        assert 0 == harness("run", suite, "--out", folder).code
        shutil.rmtree(suite.parent / ".harness")
        digests.append(json.loads((suite.parent / folder / "handbook" / "run.json").read_text())["digest"])

    assert digests[0] == digests[1]


def test_a_handbook_that_finds_too_little_fails(suite: Path, harness: Command) -> None:
    shorten(suite, "rag.retrieval", k=1)

    found = harness("run", suite, "--out", "out")

    assert 1 == found.code, found.out + found.err
    assert "fail" == outcomes(suite.parent)["recall"]


def test_a_handbook_that_forgets_a_source_once_fails(
    suite: Path, harness: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten(suite, "rag.invariants")
    whole = Handbook.ask

    def ask(book: Handbook, question: str) -> Answer:
        found = whole(book, question)
        return replace(found, text=found.text.replace("[", "(")) if "A10" in found.text else found

    monkeypatch.setattr(Handbook, "ask", ask)

    found = harness("run", suite, "--out", "out")

    assert 1 == found.code, found.out + found.err
    assert "fail" == outcomes(suite.parent)["kept"]


def test_the_latency_suite_names_what_there_is(project: Path, harness: Command) -> None:
    for folder in ("handbook", "handbook-latency"):
        shutil.copytree(SHIPPED.parent / folder, project / folder)

    assert 0 == harness("validate", project / "handbook-latency").code
