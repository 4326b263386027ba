from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from harness.documents import parse, parse_yaml, read_yaml
from harness.errors import UsageError


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    threshold: float = 0.0


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    parts: list[Inner] = []
    by_name: dict[str, Inner] = {}


@pytest.mark.parametrize("word", ["on", "yes", "no", "off", "y"])
def test_words_that_yaml_1_1_takes_for_booleans_stay_words(word: str) -> None:
    found = parse_yaml(f"{word}: {word}", "x.yaml")

    assert {word: word} == found


@pytest.mark.parametrize("text", ["1e-3", "0.5", ".5", "5.", "1E4", "-2.5e+3"])
def test_numbers_are_read_as_yaml_1_2_reads_them(text: str) -> None:
    found = parse_yaml(f"value: {text}", "x.yaml")

    assert float(text) == found["value"]


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"x\.yaml: key 'a' is given twice; keep one"):
        parse_yaml("a: 1\na: 2", "x.yaml")


def test_what_is_not_yaml_is_named_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"x\.yaml is not YAML.*line 2"):
        parse_yaml("a: 1\n  b: [", "x.yaml")


def test_a_document_holds_keys() -> None:
    with pytest.raises(UsageError, match="should hold keys and values; found list"):
        parse_yaml("- 1", "x.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no file .*nope\.yaml"):
        read_yaml(tmp_path / "nope.yaml")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"nam": "x"}, "unknown key 'nam'; did you mean 'name'?"),
        ({"name": "x", "parts": [{"treshold": 1}]}, "parts.0: unknown key 'treshold'; did you mean 'threshold'?"),
        ({"name": "x", "by_name": {"a": {"tresh": 1}}}, "by_name.a: unknown key 'tresh'; did you mean 'threshold'?"),
        ({}, "key 'name' is missing"),
        ({"name": "x", "parts": [{"threshold": "much"}]}, "parts.0.threshold: .*found 'much'"),
    ],
)
def test_what_is_wrong_in_a_document_is_said_with_its_place(document: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(Outer, document, "x.yaml")


@given(st.text())
def test_any_text_is_a_mapping_or_a_usage_error(text: str) -> None:
    try:
        found = parse_yaml(text, "x.yaml")
    except UsageError:
        return

    assert isinstance(found, dict)


@pytest.mark.parametrize("text", ["010", "1:30", "0b11", "+012"])
def test_what_yaml_1_1_takes_for_another_number_stays_a_word(text: str) -> None:
    assert {"code": text} == parse_yaml(f"code: {text}", "x.yaml")


@pytest.mark.parametrize("text", ["a: &x [*x]", "a: &x {b: *x}", f"a: {'[' * 3000}{']' * 3000}"])
def test_a_document_that_holds_itself_or_is_too_deep_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"x\.yaml holds itself, or is nested too deeply"):
        parse_yaml(text, "x.yaml")


def test_a_file_that_is_not_utf_8_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: caf\xe9")

    with pytest.raises(UsageError, match=r"x\.yaml cannot be read: .*; give a readable file in UTF-8"):
        read_yaml(path)
