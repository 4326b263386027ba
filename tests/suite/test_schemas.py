import json
from pathlib import Path

import jsonschema
import pytest

from conftest import ROOT, Command
from harness.documents import read_yaml
from harness.plugins.discovery import discover
from harness.presets.installed import installed_suite_schema
from harness.settings import find_settings
from tests.support.schemas import FOLDER, PUBLISHED, schema
from tests.support.suites import offer, suite


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_published_schema_is_what_the_product_reads_or_writes(name: str) -> None:
    published = (FOLDER / f"{name}.json").read_text()

    assert schema(name) == published, "run: python tests/support/schemas.py"


@pytest.mark.parametrize("path", sorted((ROOT / "suites").rglob("*.suite.yaml")), ids=lambda path: path.name)
def test_the_repositorys_suites_keep_to_the_schema_for_editors(path: Path) -> None:
    jsonschema.validate(read_yaml(path), json.loads(schema("suite")))
    jsonschema.validate(read_yaml(path), installed_suite_schema(discover(find_settings(ROOT))))


def test_a_plugin_that_cannot_be_described_is_named_in_the_schema(project: Path, harness: Command) -> None:
    offer(project, mine="raise RuntimeError('boom')")

    found = json.loads(harness("schema", "suite").out)

    assert "plugin 'mine'" in found["$comment"]
    assert "boom" in found["$comment"]
    assert '"const": "rows.rate"' in json.dumps(found)


def test_the_schema_for_editors_refuses_a_misspelt_key() -> None:
    document = {"name": "x", "target": {"kind": "table"}, "steps": [{"check": "c", "require": {"m": {"at_leest": 1}}}]}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json.loads(schema("suite")))


@pytest.mark.parametrize(
    ("step", "fits"),
    [
        ({"check": "drift.columns", "with": {"reference": "r", "columns": ["a"]}}, True),
        ({"check": "drift.columns", "with": {"reference": "r", "colums": ["a"]}}, False),
        ({"check": "drift.columns", "with": {"columns": ["a"]}}, False),
        ({"check": "drift.columns"}, False),
        ({"check": "bias.group_rates", "with": {"groups": {"param": "by"}, "reference": "x"}}, True),
        ({"check": "data.schema", "with": {"columns": {"a": {"min": {"env": "LEAST"}}}}}, True),
        ({"check": "data.schema", "with": {"columns": {"a": {"minn": 0}}}}, False),
        ({"check": "not.installed", "with": {"anything": 1}}, True),
    ],
)
def test_the_printed_schema_knows_what_installed_checks_take(
    project: Path, harness: Command, step: dict[str, object], fits: bool
) -> None:
    document = {"name": "x", "target": {"kind": "table", "config": {"data": "d"}}, "steps": [step]}
    printed = json.loads(harness("schema", "suite").out)

    found = jsonschema.Draft202012Validator(printed).is_valid(document)

    assert fits == found


def test_the_printed_schema_names_checks_with_what_they_do_and_measure(project: Path, harness: Command) -> None:
    step = json.loads(harness("schema", "suite").out)["$defs"]["Step"]

    known = {branch["const"]: branch["description"] for branch in step["properties"]["check"]["anyOf"][:-1]}
    case = next(case for case in step["allOf"] if case["if"]["properties"]["check"]["const"] == "quality.classifier")
    assert known["quality.classifier"]
    assert "recall" in case["then"]["properties"]["require"]["properties"]


def test_a_plugin_that_does_not_import_leaves_the_schema_of_the_others(project: Path, harness: Command) -> None:
    (project / "pyproject.toml").write_text('[tool.harness]\nproject = "demo"\nplugins = ["broken_one"]\n')
    (project / "broken_one.py").write_text("raise RuntimeError('no')\n")

    printed = json.loads(harness("schema", "suite").out)

    assert "drift.columns" in json.dumps(printed)


@pytest.mark.usefixtures("scores")
def test_a_recorded_run_has_every_key_of_its_schema(project: Path, harness: Command) -> None:
    harness("run", suite(project, "{at_least: 0.7}"), "--out", project / "out")

    record = json.loads((project / "out" / "s" / "run.json").read_text())
    jsonschema.validate(record, {**json.loads(schema("run")), "additionalProperties": True})

    assert {*json.loads(schema("run"))["properties"], "outcome"} == set(record)
