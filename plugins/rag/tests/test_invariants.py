"""What `rag.invariants` holds answers to."""

import json
from pathlib import Path

import pytest
from harness_rag import invariants

from harness import UsageError
from harness.testing import measure

ROWS = {"id": [1, 2, 3], "answer": ["call 110 now", "Call 112", None]}


def kept(rows: dict[str, object] = ROWS, **params: object) -> dict[str, list[float]]:
    return {each.labels["rule"]: each.sample.rows["y"].to_pylist() for each in measure(invariants, rows, **params)}


def test_each_rule_is_kept_or_broken_by_each_answer() -> None:
    found = kept(must_contain=["110"], must_not_contain=["110"], regex=["^[Cc]all"])

    assert {
        "contains 110": [1.0, 0.0, 0.0],
        "lacks 110": [0.0, 1.0, 0.0],
        "matches ^[Cc]all": [1.0, 1.0, 0.0],
    } == found


def test_an_answer_of_json_is_held_to_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps({"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}}))
    rows = {"id": [1, 2, 3, 4, 5], "answer": ['{"ok": true}', '{"ok": 1}', "{}", "no json", '{"ok": NaN}']}

    assert {"is JSON of the schema": [1.0, 0.0, 0.0, 0.0, 0.0]} == kept(rows, json_schema=str(path))


@pytest.mark.parametrize("text", ["no json", '{"type": 3}'])
def test_a_schema_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "schema.json"
    path.write_text(text)

    with pytest.raises(UsageError, match="no JSON schema that can be read"):
        kept(json_schema=str(path))


def test_a_schema_that_reaches_elsewhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text('{"$ref": "http://127.0.0.1:9/other.json"}')

    with pytest.raises(UsageError, match="which is not in it"):
        kept({"id": [1], "answer": ["{}"]}, json_schema=str(path))


def test_no_rule_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="was given no rule"):
        kept()


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="is no regular expression"):
        kept(regex=["("])


def test_a_row_brings_rules_of_its_own() -> None:
    texts = ["b at 110", "a", "b", '{"a": 1}', None, "free"]
    own = [
        {"must_contain": ["b"], "must_not_contain": ["c"]},
        {"must_contain": ["b"]},
        {"regex": ["^b$", "c"]},
        {"json_schema": [{"required": ["a"]}]},
        {"regex": ["."]},
    ]
    rows = {"id": [1, 2, 3, 4, 5, 6], "answer": texts, "rules": [*map(json.dumps, own), None]}

    assert {"its own": [1.0, 0.0, 0.0, 1.0, 0.0]} == kept(rows, own_rules="rules")


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"contain": ["a"]}', '{"regex": "a"}', '{"regex": [1]}'])
def test_rules_of_a_row_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="the rules of a row"):
        kept({"id": [1], "answer": ["a"], "rules": [text]}, own_rules="rules")
