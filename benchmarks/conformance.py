"""Holds the checks to the tests of other libraries: what of theirs can be asked, and whether the answer is theirs.

Usage: python benchmarks/conformance.py gx [--json] [--tests FOLDER]
       python benchmarks/conformance.py fairlearn|sklearn|pandera|pandera-yaml|tfdv [--tests FOLDER]
FOLDER (default: HARNESS_SHARED/conformance, ../shared/conformance) holds the tests; nothing of them is kept here.
`gx` prints one line of counts and a line for each test that is not asked, differs by a definition, or is wrong.
"""

import argparse
import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from dateutil import parser
from expectations import NotAsked, steps

import harness

SCRIPTS = {
    "fairlearn": "bias_fairlearn.py",
    "sklearn": "sk.py",
    "pandera": "pandera_struct.py",
    "pandera-yaml": "pandera_yaml.py",
    "tfdv": "tfdv.py",
}
ENGINES = ("postgres", "bigquery", "mssql", "snowflake", "redshift", "sqlalchemy")
SUPPRESSED = "expect_this_test_to_be_suppressed"  # a test of its library's own tests
OUTCOMES = ("error", "fail", "inconclusive")


DEFINITIONS = {
    "has no rows": "a table without rows is an error, never a pass and never a fail",
    "no row is meant": "a rule of some rows that means no row is an error: it was held to nothing",
    "'n': 0.0": "a share of no values is an error: the rule was held to nothing",
    "no value can satisfy both": "a range without room is refused when the suite is read",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test of the peer: a table, what is asked of it, and whether it passes (None: the peer raises an error)."""

    expectation: str
    title: str
    columns: Mapping[str, pa.Array | None]
    asked: Mapping[str, Any]
    passes: bool | None
    only_for: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of a case: agree, differs_by_definition, wrong or not_asked, and why."""

    case: Case
    kind: str
    why: str = ""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("peer", choices=["gx", *SCRIPTS])
    arguments.add_argument("--json", action="store_true", help="counts and lines as JSON, one a line")
    shared = Path(os.environ.get("HARNESS_SHARED", Path(__file__).parents[2] / "shared"))
    arguments.add_argument("--tests", type=Path, default=shared / "conformance")
    given = arguments.parse_args()
    if not given.tests.is_dir():
        sys.exit(f"no tests of peers at {given.tests}; give their folder as --tests FOLDER")
    if given.peer != "gx":
        sys.exit(tell_script(given.tests.resolve() / SCRIPTS[given.peer], given.json))
    tell([answer(case) for case in cases(given.tests / "gx")], given.json)


def tell(answers: Sequence[Answer], as_json: bool) -> None:
    """Print the counts, then what did not simply agree."""
    kinds = Counter(each.kind for each in answers)
    counts = {"tests": len(answers), "asked": len(answers) - kinds["not_asked"]}
    counts |= {kind: kinds[kind] for kind in ("agree", "differs_by_definition", "wrong")}
    print(json.dumps(counts) if as_json else ", ".join(f"{count} {name}" for name, count in counts.items()))
    for each in (found for found in answers if found.kind != "agree"):
        line = {each.kind: f"{each.case.expectation}: {each.case.title}", "reason": each.why}
        print(json.dumps(line) if as_json else f"{each.kind}: {line[each.kind]}: {each.why}")


def tell_script(path: Path, as_json: bool) -> int:
    """Print what a script finds, as JSON its counts as an object and each other line as one; return its exit code."""
    done = subprocess.run([sys.executable, str(path)], check=False, text=True, stdout=subprocess.PIPE)
    for line in done.stdout.splitlines():
        counts = re.fullmatch(r"Counter\((\{.*\})\)", line)
        found = ast.literal_eval(counts[1]) if counts else {"line": line}
        print(json.dumps(found) if as_json else line)
    return done.returncode


def cases(folder: Path) -> Iterator[Case]:
    """Yield every test of the peer's definitions."""
    for path in sorted(folder.rglob("*.json")):
        if path.stem == SUPPRESSED:
            continue
        for dataset in json.loads(path.read_text())["datasets"]:
            columns = table(dataset)
            for test in dataset.get("tests") or []:
                yield case(path.stem, columns, dataset, test)


def case(expectation: str, columns: Mapping[str, pa.Array | None], dataset: Any, test: Any) -> Case:
    asked = test["in"] if isinstance(test["in"], dict) else {}
    out = test["out"] if isinstance(test.get("out"), dict) else {}
    raises = "error" in test or "traceback_substring" in out or "success" not in out
    return Case(
        expectation=expectation,
        title=test["title"],
        columns=columns,
        asked=whole_pattern(resolve_parameters(asked), test["title"]),
        passes=None if raises else out["success"],
        only_for=[*(test.get("only_for") or []), *(dataset.get("only_for") or [])],
    )


def resolve_parameters(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return arguments with those that the peer is given beside them, as `{"$PARAMETER": name}`, filled in."""
    beside = asked.get("evaluation_parameters", {})

    def resolve(value: Any) -> Any:
        name = value.get("$PARAMETER") if isinstance(value, dict) else None
        return value if name is None else beside.get(name, value.get(f"$PARAMETER.{name}", value))

    return {key: resolve(value) for key, value in asked.items()}


def whole_pattern(asked: Mapping[str, Any], title: str) -> Mapping[str, Any]:
    """Return arguments with the pattern of the whole text that one engine takes every pattern for."""
    return {**asked, "regex": f"^(?:{asked['regex']})$"} if "snowflake" in title and "regex" in asked else asked


def table(dataset: Any) -> Mapping[str, pa.Array | None]:
    """Return the columns of a dataset, typed as a table must be; None for one of mixed types."""
    if not isinstance(dataset["data"], dict):  # several tables, for what is asked of two
        return {}
    schemas = dataset.get("schemas") or {}
    kinds = {**schemas.get("spark", {}), **schemas.get("pandas", {})}
    return {name: column(values, str(kinds.get(name, ""))) for name, values in dataset["data"].items()}


def column(values: Sequence[Any], kind: str) -> pa.Array | None:
    if "datetime" in kind or kind.lower().startswith("timestamp"):
        moments = [moment(value) for value in values]
        zoned = any(value is not None and value.tzinfo for value in moments)
        return pa.array(moments, pa.timestamp("us", "UTC" if zoned else None))
    types = {type(value) for value in values if value is not None}
    if types == {int, float}:
        return pa.array([None if value is None else float(value) for value in values])
    if not types:
        return pa.array(values, pa.string())
    try:
        return pa.array(values) if len(types) == 1 else None
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return None


def moment(value: Any) -> datetime | None:
    if value is None or isinstance(value, str):
        return None if value is None else parser.parse(value)
    return datetime.fromtimestamp(value / 1e9, UTC).replace(tzinfo=None)


def answer(case: Case) -> Answer:
    """Return what became of a case."""
    try:
        asked = steps(case.expectation, case.asked, list(case.columns))
        refuse_other_engines(case)
        read = columns_read(case)
    except NotAsked as why:
        return Answer(case=case, kind="not_asked", why=str(why))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Answer(case=case, kind="not_asked", why=f"an argument is missing or wrong: {error!r}")
    outcome, said = run(read, asked)
    agrees = outcome in ("error", "refused") if case.passes is None else outcome == ("pass" if case.passes else "fail")
    if agrees:
        return Answer(case=case, kind="agree")
    why = definition(case, outcome, said)
    return Answer(case=case, kind="differs_by_definition" if why else "wrong", why=why or said)


def refuse_other_engines(case: Case) -> None:
    if case.only_for and not any("pandas" in engine for engine in case.only_for):
        named = case.expectation.endswith(("of_type", "type_list")) or "mssql" in case.expectation
        if named or ("regex" not in case.expectation and any(word in case.title for word in ENGINES)):
            raise NotAsked(f"about names or patterns of {', '.join(case.only_for)} alone")


def columns_read(case: Case) -> pa.Table:
    """Return the table without columns of mixed types, which no typed table has; refuse a case that reads one."""
    named = json.dumps({key: value for key, value in case.asked.items() if key.startswith(("column", "row_condition"))})
    for name, values in case.columns.items():
        if values is None and re.search(rf"\b{re.escape(name)}\b", named):
            raise NotAsked(f"column {name!r} is of mixed types, which no table has that is typed")
    whole = all(values is not None for values in case.columns.values())
    if not whole and case.expectation.startswith("expect_table_column"):
        raise NotAsked("about all columns, of which one is of mixed types")
    found = {name: values for name, values in case.columns.items() if values is not None}
    rows = max((len(values) for values in found.values()), default=0)
    ordered = {"row number": pa.array(range(rows))} if case.expectation.endswith("creasing") else {}
    return pa.table({**found, **ordered})


def run(rows: pa.Table, asked: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the outcome of a suite, and what its verdicts say; refused if the suite cannot be read."""
    named = [{**step, "name": f"step{at}"} for at, step in enumerate(asked)]
    suite = {
        "name": "case",
        "data": {"d": {"source": "d.parquet"}},
        "target": {"kind": "table", "config": {"data": "d"}},
    }
    with tempfile.TemporaryDirectory() as name:
        pq.write_table(rows, Path(name) / "d.parquet")
        path = Path(name) / "case.suite.yaml"
        path.write_text(yaml.safe_dump({**suite, "steps": named}, sort_keys=False))
        try:
            verdicts = harness.run(path).verdicts
        except harness.HarnessError as error:
            return "refused", str(error)
    said = "; ".join(f"{each.metric} {dict(each.labels)}: {each.outcome}: {each.reason}" for each in verdicts)
    return next((outcome for outcome in OUTCOMES if outcome in {each.outcome for each in verdicts}), "pass"), said


def definition(case: Case, outcome: str, said: str) -> str:
    """Return which definition makes an answer differ from the peer's; nothing if none does."""
    if case.passes is None:
        return "what no row can keep is broken by every row; the peer raises an error" if outcome == "fail" else ""
    if "unique" in case.expectation and "mostly" in case.asked:
        return "how many rows share a value is a share of all rows; the peer's is of the rows that have a value"
    if case.asked.get("type_") == "Timestamp" and outcome == "fail":
        return "a time zone is part of a type; the peer's name is of a class that holds both"
    return next((why for words, why in DEFINITIONS.items() if words in said), "")


if __name__ == "__main__":
    main()
