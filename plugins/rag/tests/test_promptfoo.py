"""`harness import promptfoo` writes a suite that runs, and says what it leaves."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from harness_rag.promptfoo import read_config
from harness_rag.promptfoo_rules import UnconvertedError, rules_of

from harness import UsageError

Command = Callable[..., Any]
CONFIG = """\
description: Refunds
prompts: ['Answer: {{question}}']
providers: [openai:gpt-4o-mini]
defaultTest:
  assert:
    - {type: not-icontains, value: as an ai}
    - {type: latency, threshold: 500}
tests:
  - vars: {question: How long?, days: "120"}
    assert:
      - {type: contains, value: '{{days}} days'}
      - {type: llm-rubric, value: is polite}
  - vars: {question: [Who pays?, Who paid?]}
    assert:
      - {type: javascript, value: output.length < 9}
  - vars: {question: As JSON}
    threshold: 0.5
    assert:
      - {type: is-json, value: {type: object, required: [fee]}}
"""
SAID = {
    "How long?": "You have 120 days.",
    "Who pays?": "The bank.",
    "Who paid?": "As an AI I cannot.",
    "As JSON": {"fee": 1},
}


def results(path: Path, columns: int = 1) -> Path:
    """Write answers as `promptfoo eval --output` does, the same of each provider."""
    asked = [{"question": "How long?", "days": "120"}, *({"question": each} for each in [*SAID][1:])]
    rows = [
        {"promptIdx": column, "testIdx": test, "vars": vars_, "provider": {"id": f"openai:m{column}"},
         "response": {"output": SAID[vars_["question"]]}}
        for test, vars_ in enumerate(asked) for column in range(columns)
    ]  # fmt: skip
    path.write_text(json.dumps({"evalId": "e", "results": {"version": 3, "results": rows}}))
    return path


def test_a_config_with_its_answers_becomes_a_suite_that_runs(project: Path, harness: Command) -> None:
    (project / "promptfooconfig.yaml").write_text(CONFIG)
    results(project / "results.json")

    made = harness("import", "promptfoo", "promptfooconfig.yaml", "--results", "results.json")
    done = harness("run", "promptfooconfig.suite.yaml", "--out", "out")

    run = json.loads((project / "out" / "promptfooconfig" / "run.json").read_text())
    assert (0, 1) == (made.code, done.code)
    assert [(4, 0.75)] == [(each["estimate"]["n"], each["estimate"]["value"]) for each in run["verdicts"]]
    assert (project / "promptfooconfig.left.txt").read_text().splitlines() == [
        "prompts: says how answers are made",
        "providers: says how answers are made",
        "test 1: latency: here it is latency.open_loop, at a rate of its own",
        "test 1: llm-rubric: here it is rag.answers with `judge: llm`, and labels",
        "test 2: latency: here it is latency.open_loop, at a rate of its own",
        "test 2: javascript: there is no such rule",
        "test 3: threshold",
        "test 3: latency: here it is latency.open_loop, at a rate of its own",
    ]


def test_tests_without_answers_keep_no_rule(project: Path, harness: Command) -> None:
    (project / "c.yaml").write_text(CONFIG)

    made = harness("import", "promptfoo", "c.yaml")

    assert "4 have no answer yet" in made.out
    assert 1 == harness("run", "c.suite.yaml").code


def test_of_several_prompts_or_providers_one_is_named(project: Path, harness: Command) -> None:
    (project / "c.yaml").write_text(CONFIG)
    results(project / "results.json", columns=2)

    unnamed = harness("import", "promptfoo", "c.yaml", "--results", "results.json")
    named = harness("import", "promptfoo", "c.yaml", "--results", "results.json", "--prompt", "1")
    again = harness("import", "promptfoo", "c.yaml")

    assert (4, 0, 4) == (unnamed.code, named.code, again.code)
    assert "0 openai:m0; 1 openai:m1" in unnamed.err
    assert "is not overwritten" in again.err


def test_tests_in_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("question,__expected,__expected2,__metric\nWho?,contains: bank,The bank,m\n")
    (tmp_path / "t.yaml").write_text("- vars: {question: When?}\n  assert: [{type: starts-with, value: On}]\n")
    (tmp_path / "c.yaml").write_text("tests: [file://t.csv, t.yaml]\n")

    found = read_config(tmp_path / "c.yaml")

    assert [{"must_contain": ["bank"], "regex": [r"\AThe\ bank\Z"]}, {"regex": [r"\AOn"]}] == [
        row["rules"] for row in found.rows
    ]
    assert ["test 1: __metric"] == found.left


@pytest.mark.parametrize(
    "text", ["description: none", "tests: 'https://127.0.0.1/t.yaml'", "tests: [file://missing.yaml]", "tests: [3]"]
)
def test_a_config_without_tests_that_can_be_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)

    with pytest.raises(UsageError):
        read_config(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    "assertion",
    [
        {"type": "contains", "value": "a", "threshold": 0.5},
        {"type": "contains", "value": "a", "weight": 0},
        {"type": "contains", "value": "{{ a | upper }}"},
        {"type": "contains", "value": "file://a.txt"},
        {"type": "contains", "value": ""},
        {"type": "contains-all", "value": {}},
        {"type": "regex", "value": "(?<=a+)b"},
        {"type": "is-json", "value": "file://schema.json"},
        {"type": "not-is-json"},
    ],
)
def test_an_assertion_that_no_rule_says_is_left(assertion: Mapping[str, Any]) -> None:
    with pytest.raises(UnconvertedError):
        rules_of(assertion)
