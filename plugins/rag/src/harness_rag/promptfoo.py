"""Reads a config of promptfoo: its tests as rows with rules, its recorded answers, and all that it says besides."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from harness import UsageError, parse_yaml
from harness_rag.promptfoo_rules import UnconvertedError, rules_of

KNOWN = {"$schema", "description", "tests", "defaultTest"}
OWN = {"vars", "assert", "description"}  # keys of a test that convert
NAME = re.compile(r"\{\{\s*(\w+)\s*\}\}")
EXPECTED = re.compile(r"__expected\d*")


@dataclass(kw_only=True)
class Converted:
    """A test a row, and what did not convert, a line each."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def read_config(path: Path) -> Converted:
    """Return the tests of a config with the rules that each answer must keep; what it cannot mean is a UsageError."""
    config = parse_yaml(_read_text(path), str(path))
    default = _mapping(config.get("defaultTest") or {}, f"{path}: defaultTest")
    found = Converted(left=[f"{key}: says how answers are made" for key in sorted(config.keys() - KNOWN)])
    found.left += [f"defaultTest: {key}" for key in sorted(default.keys() - OWN)]
    for number, test in enumerate(_tests(config.get("tests"), path.parent), 1):
        _add(found, f"test {number}", _mapping(test, f"{path}: test {number}"), default)
    if not found.rows:
        raise UsageError(f"{path} has no tests; name a config with `tests:`")
    return found


def add_answers(found: Converted, results: Path, prompt: int | None) -> None:
    """Add to each test the answer that `promptfoo eval --output FILE.json` recorded of the same variables."""
    answers: dict[str, list[Any]] = {}
    for each in _recorded(results, prompt):
        answers.setdefault(_key(each.get("vars") or {}), []).append((each.get("response") or {}).get("output"))
    for row in found.rows:
        said = answers.get(_key(row["vars"])) or [None]
        output = said.pop(0) if len(said) > 1 else said[0]
        row["answer"] = output if isinstance(output, str) or output is None else json.dumps(output, ensure_ascii=False)


def _add(found: Converted, name: str, test: Mapping[str, Any], default: Mapping[str, Any]) -> None:
    found.left += [f"{name}: {key}" for key in sorted(test.keys() - OWN)]
    values = {**(default.get("vars") or {}), **(test.get("vars") or {})}
    asked = [*(default.get("assert") or []), *(test.get("assert") or [])]
    several = [value if isinstance(value, list) else [value] for value in values.values()]
    for chosen in product(*several):
        vars_ = dict(zip(values, chosen, strict=True))
        rules: dict[str, list[Any]] = {}
        for assertion in asked:
            _add_rules(found, name, _rendered(assertion, vars_), rules)
        found.rows.append({"vars": vars_, "rules": rules})


def _add_rules(found: Converted, name: str, assertion: object, rules: dict[str, list[Any]]) -> None:
    """Add an assertion's rules to those of its test, or to what is left why it has none."""
    try:
        if not isinstance(assertion, dict):
            raise UnconvertedError("it is no mapping")
        for kind, values in rules_of(assertion).items():
            rules.setdefault(kind, []).extend(values)
    except UnconvertedError as why:
        kind = assertion.get("type") or "reference" if isinstance(assertion, dict) else "assertion"
        line = f"{name}: {kind}: {why}"
        found.left += [line] if line not in found.left else []


def _rendered(value: Any, vars_: Mapping[str, Any]) -> Any:
    """Return an assertion with the variables that its texts name; what is not a plain name stays."""
    if isinstance(value, str):
        return NAME.sub(lambda name: str(vars_.get(name[1], name[0])), value)
    if isinstance(value, dict):
        return {key: _rendered(each, vars_) for key, each in value.items()}
    return [_rendered(each, vars_) for each in value] if isinstance(value, list) else value


def _tests(tests: object, folder: Path) -> Iterator[object]:
    """Yield the tests of a config, of the files that it names, too."""
    for each in tests if isinstance(tests, list) else [tests] if tests else []:
        if not isinstance(each, str):
            yield each
            continue
        file = folder / each.removeprefix("file://")
        if "://" in each.removeprefix("file://") or "*" in each:
            raise UsageError(f"tests {each!r} are no file; write them into one, and name it")
        yield from _rows_of_csv(file) if file.suffix == ".csv" else _read_list(file)


def _rows_of_csv(file: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the tests of a CSV file, whose columns are variables, and `__expected` what an answer must be."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            vars_ = {name: value for name, value in row.items() if not str(name).startswith("__")}
            expected = [value for name, value in row.items() if EXPECTED.fullmatch(str(name)) and value]
            others = {name: value for name, value in row.items() if str(name).startswith("__") and value
                      and not EXPECTED.fullmatch(str(name))}  # fmt: skip
            yield {"vars": vars_, "assert": [_assertion(text) for text in expected], **others}


def _assertion(text: str) -> Mapping[str, Any]:
    """Return what a cell says: `contains:TEXT`, as promptfoo has it, or a text that an answer equals."""
    kind, parted, value = text.partition(":")
    is_kind = bool(parted) and re.fullmatch(r"[a-z-]+", kind.strip()) is not None
    return {"type": kind.strip(), "value": value.strip()} if is_kind else {"type": "equals", "value": text}


def _recorded(file: Path, prompt: int | None) -> Sequence[Mapping[str, Any]]:
    """Return what was recorded of one prompt and provider; where there are several, one must be named."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["results"]["results"]
        columns = {each["promptIdx"]: _column_text(each) for each in found}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} holds no results: {error!r}; write them by `promptfoo eval --output`") from error
    if len(columns) > 1 and prompt not in columns:
        known = "; ".join(f"{number} {text}" for number, text in sorted(columns.items()))
        raise UsageError(f"{file} holds answers of several, and one is judged: name it by --prompt: {known}")
    return [each for each in found if prompt in (None, each["promptIdx"])]


def _column_text(result: Mapping[str, Any]) -> str:
    provider = result.get("provider") or {}
    return str(provider.get("label") or provider.get("id") if isinstance(provider, dict) else provider)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}; name a file of text") from error


def _read_list(path: Path) -> Sequence[object]:
    """Return the tests of a file: a list in YAML or JSON, or a JSON object a line."""
    text = _read_text(path)
    try:
        lines = text.splitlines() if path.suffix == ".jsonl" else []
        found = [json.loads(line) for line in lines if line] or parse_yaml(f"tests:\n{text}", str(path))["tests"]
    except ValueError as error:
        raise UsageError(f"{path} holds a line that is no JSON: {error}; correct it") from error
    if not isinstance(found, list):
        raise UsageError(f"{path} is no list of tests; correct it")
    return found


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{what} is no mapping of keys to values; correct it")
    return value


def _key(vars_: Mapping[str, Any]) -> str:
    return json.dumps(vars_, sort_keys=True, ensure_ascii=False)
