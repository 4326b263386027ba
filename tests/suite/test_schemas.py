import json
from pathlib import Path

import jsonschema
import pytest

from conftest import ROOT, Command
from harness.documents import read_yaml
from tests.support.schemas import FOLDER, PUBLISHED, schema
from tests.support.suites import suite


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_published_schema_is_what_the_product_reads_or_writes(name: str) -> None:
    published = (FOLDER / f"{name}.json").read_text()

    assert schema(name) == published, "run: python tests/support/schemas.py"


@pytest.mark.parametrize("path", sorted((ROOT / "suites").rglob("*.suite.yaml")), ids=lambda path: path.name)
def test_the_repositorys_suites_keep_to_the_schema_for_editors(path: Path) -> None:
    jsonschema.validate(read_yaml(path), json.loads(schema("suite")))


def test_the_schema_for_editors_refuses_a_misspelt_key() -> None:
    document = {"name": "x", "target": {"kind": "table"}, "steps": [{"check": "c", "require": {"m": {"at_leest": 1}}}]}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json.loads(schema("suite")))


@pytest.mark.usefixtures("scores")
def test_a_recorded_run_has_every_key_of_its_schema(project: Path, harness: Command) -> None:
    harness("run", suite(project, "{at_least: 0.7}"), "--out", project / "out")

    record = json.loads((project / "out" / "s" / "run.json").read_text())
    jsonschema.validate(record, {**json.loads(schema("run")), "additionalProperties": True})

    assert {*json.loads(schema("run"))["properties"], "outcome"} == set(record)
