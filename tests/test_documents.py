from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

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


class AtLeastTwo(BaseModel):
    parts: list[int] = Field(min_length=2)


@pytest.mark.parametrize("word", ["on", "yes", "no", "off", "y"])
def test_words_that_yaml_1_1_takes_for_booleans_stay_words(word: str) -> None:
    found = parse_yaml(f"{word}: {word}", "x.yaml")

    assert {word: word} == found


@pytest.mark.parametrize("text", ["1e-3", "0.5", ".5", "5.", "1E4", "-2.5e+3"])
def test_numbers_are_read_as_yaml_1_2_reads_them(text: str) -> None:
    found = parse_yaml(f"value: {text}", "x.yaml")

    assert float(text) == found["value"]


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"x\.yaml:3:3: key 'a' is given twice; keep one"):
        parse_yaml("b:\n  a: 1\n  a: 2", "x.yaml")


def test_a_key_given_twice_beside_a_merged_mapping_is_refused() -> None:
    with pytest.raises(UsageError, match=r"x\.yaml:4:3: key 'a' is given twice; keep one"):
        parse_yaml("b: &b {c: 1}\nd:\n  a: 1\n  a: 2\n  <<: *b", "x.yaml")


def test_a_merged_mapping_gives_what_is_not_given_anew() -> None:
    found = parse_yaml("b: &b {c: 1, d: 1}\ne: {<<: *b, d: 2}", "x.yaml")

    assert {"c": 1, "d": 2} == found["e"]


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 200_000,
        "a: " + "{a: " * 200_000,
        "- " * 200_000,
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 90)),
        "a: &a [*a, *a]",
        "a: 1\n" * 500_000,
    ],
    ids=["brackets", "braces", "dashes", "aliases", "itself", "size"],
)
def test_a_document_that_nobody_writes_is_refused_at_once_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^x\.yaml.* (holds|is given twice)[^\n]*$"):
        parse_yaml(text, "x.yaml")


def test_what_is_wrong_is_said_with_the_line_it_stands_in(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("name: x\nparts:\n  - threshold: 1\n    treshold: 2\nby_name:\n  a: {threshold: no}\n")

    with pytest.raises(UsageError) as raised:
        parse(Outer, read_yaml(path), "x.yaml")

    assert [
        "x.yaml:4:5: parts.0: unknown key 'treshold'; did you mean 'threshold'?",
        "x.yaml:6:7: by_name.a.threshold: Input should be a valid number, unable to parse string as a number; "
        "found 'no'",
    ] == str(raised.value).splitlines()


def test_a_date_that_does_not_exist_is_no_yaml() -> None:
    with pytest.raises(UsageError, match=r"x\.yaml is not YAML: month must be in 1\.\.12"):
        parse_yaml("a: 2026-13-01", "x.yaml")


def test_what_is_not_yaml_is_named_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"x\.yaml is not YAML.*line 2"):
        parse_yaml("a: 1\n  b: [", "x.yaml")


@pytest.mark.parametrize(("text", "found"), [("- 1", "a list"), ("", "nothing"), ("word", "text"), ("7", "7")])
def test_a_document_holds_keys(text: str, found: str) -> None:
    with pytest.raises(UsageError, match=f"should hold keys and values; found {found}$"):
        parse_yaml(text, "x.yaml")


def test_a_list_that_is_too_short_is_told_in_our_words() -> None:
    with pytest.raises(UsageError, match="^x: parts: should have at least 2 items; found \\[1\\]$"):
        parse(AtLeastTwo, {"parts": [1]}, "x")


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
    with pytest.raises(UsageError, match=r"x\.yaml(:1:104)? holds itself, or is nested too deeply"):
        parse_yaml(text, "x.yaml")


def test_a_file_that_is_not_utf_8_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: caf\xe9")

    with pytest.raises(UsageError, match=r"x\.yaml cannot be read: .*; give a readable file in UTF-8"):
        read_yaml(path)
