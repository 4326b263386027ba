"""A description decides as the plugin itself would: every check and target kind of ours is asked both ways."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from pydantic import AfterValidator, AnyUrl, Field

from conftest import ROOT
from harness import Check, Dataset, HarnessError, Measurement, Target, UsageError, check
from harness.plugins.describing import check_spec, target_kind
from harness.plugins.discovery import discover
from harness.plugins.parameters import validate_arguments, validate_by_schema
from harness.plugins.schemas import parameter_texts, validator
from harness.settings import find_settings

Given = Mapping[str, object]
Ask = Callable[[Given], object]

# What suites might hold: every value is put in every place of every check.
POOL: tuple[object, ...] = (
    *("", "a", "higher", "poisson", "positives", "fpr", "int64", "GET", True, False, None, 0, 1, -1, 18, 19, 20_000),
    *(0.0, 0.5, 1.0, -0.5, float("inf"), float("nan"), date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), [], {}),
    *(["a"], [1], [0.5, 2.0], [0], [None], ["tpr"], [["a"]], {"a": "b"}, {"a": 1}, {"a": -1.0}, {"a": None}, {1: "a"}),
    *({"a": {"min": 1}}, {"threshold": 0.5}, {"alert_rate": 1.5}, {"alert_rate": 0.1, "from": "d"}, {"alert_rat": 0.1}),
    *({"method": "GET"}, {"method": "DELETE"}, {"headers": {"a": 1}}, {"body": {"q": [1, "x"]}}),
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One check or target kind, by its description and by its own code."""

    name: str
    schema: Mapping[str, Any]
    own_rules: bool
    described: Ask
    imported: Ask


def asked_of(plugin: str) -> Iterator[Asked]:
    plugins = discover(find_settings(ROOT))
    offers = plugins.offers(plugin)
    for name, found in offers.get("harness_checks", {}).items():
        spec = check_spec(plugins, name)
        yield Asked(
            name=name,
            schema=spec.parameters,
            own_rules=spec.own_rules,
            described=spec.validate,
            imported=found.parameters,
        )
    for name, connect in offers.get("harness_targets", {}).items():
        kind = target_kind(plugins, name)
        yield Asked(
            name=name,
            schema=kind.parameters,
            own_rules=kind.own_rules,
            described=kind.validate,
            imported=partial(validate_arguments, connect, owner=f"target kind {name!r}"),
        )


MEASURING = ("bias", "data", "drift", "latency", "mlflow", "quality", "rows")
TARGETS = ("fraud", "http", "observed", "openai", "table")
PLUGINS = (*MEASURING, *TARGETS)
GUESTS = ("deepchecks", "deepeval", "evidently", "garak", "ragas")  # held to their descriptions where installed
OWN_RULES = {"data.schema"}  # pydantic validators of its own: the types there are, and that min lies below max


def accepts(ask: Ask, given: Given) -> bool:
    try:
        ask(given)
    except UsageError:
        return False
    return True


def base(asked: Asked) -> dict[str, object]:
    """Return the required parameters, each with a value that its own code takes."""
    found: dict[str, object] = {}
    for name in asked.schema.get("required", ()):
        of_it = re.compile(rf"'{name}\b")  # not of `first_limit_ms`, where `first` is meant
        found[name] = next(value for value in POOL if not of_it.search(complaint(asked.imported, {name: value})))
    return found


def complaint(ask: Ask, given: Given) -> str:
    try:
        ask(given)
    except UsageError as error:
        return str(error)
    return ""


def variants(asked: Asked) -> Iterator[dict[str, object]]:
    good = base(asked)
    yield good
    yield {**good, "no_such_parameter": 1}
    yield from ({key: value for key, value in good.items() if key != left_out} for left_out in good)
    for name in asked.schema["properties"]:
        yield from ({**good, name: value} for value in POOL)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_description_decides_as_the_plugin_does_and_within_its_json_schema(plugin: str) -> None:
    for asked in asked_of(plugin):
        tried = list(variants(asked))
        described = [given for given in tried if accepts(asked.described, given)]

        imported = [given for given in tried if accepts(asked.imported, given)]

        assert asked.own_rules == (asked.name in OWN_RULES)
        assert asked.own_rules or repr(imported) == repr(described)
        assert all(given in described for given in imported)
        assert tried[0] in imported
        assert tried[1] not in described
        fits = jsonschema.Draft202012Validator(asked.schema).is_valid
        assert [] == [given for given in described if as_json(given) and not fits(given)]


def test_every_plugin_is_asked_that_offers_checks_or_targets() -> None:
    known = discover(find_settings(ROOT)).known

    assert {*PLUGINS, *GUESTS, "file", "html", "json", "junit", "markdown", "terminal", "threads"} == set(known)


def as_json(given: Given) -> bool:
    try:
        return bool(json.dumps(given, allow_nan=False))
    except (TypeError, ValueError):
        return False


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "check 'quality.some' needs parameter 'column'"),
        ({"colum": "a"}, "check 'quality.some' has no parameter 'colum'; did you mean 'column'?"),
        ({"column": 3}, "check 'quality.some', parameter 'column': Input should be a valid string; found 3"),
        ({"column": "a", "k": 0}, "parameter 'k': Input should be greater than or equal to 1; found 0"),
        ({"column": "a", "k": True}, "parameter 'k': Input should be a valid integer; found True"),
        ({"column": "a", "side": "up"}, "parameter 'side': Input should be 'more' or 'less'; found 'up'"),
        ({"column": "a", "share": float("nan")}, "parameter 'share': Input should be a finite number; found nan"),
        ({"column": "a", "names": ["x", 1]}, "parameter 'names.1': Input should be a valid string; found 1"),
    ],
)
def test_description_and_plugin_refuse_in_the_same_words(given: dict[str, object], message: str) -> None:
    assert message in complaint(some.spec.validate, given)
    assert complaint(some.parameters, given) == complaint(some.spec.validate, given)


@check("quality.some", metrics={"m": "mean"})
def some(
    target: Target,
    data: Dataset,
    *,
    before: Dataset | None = None,
    column: str,
    k: Annotated[int, Field(ge=1)] = 3,
    side: Literal["more", "less"] = "more",
    share: float = 0.5,
    names: list[str] | None = None,
    file: Annotated[Path, Field(strict=False)] | None = None,
) -> list[Measurement]:
    """Measure something.

    In more than a line.
    """
    return []


def test_a_spec_says_all_that_a_signature_says() -> None:
    spec = some.spec

    assert "Measure something." == spec.doc
    assert {"data": True, "before": False} == spec.datasets
    assert ["column", "k", "side", "share", "names", "file"] == list(spec.parameters["properties"])
    assert ("file",) == spec.paths
    assert (True, False, False, False) == (spec.takes_target, spec.exclusive, spec.has_effort, spec.has_profiles)
    assert spec is some.spec


def test_types_are_shown_in_words() -> None:
    assert {
        "column": "text; needed",
        "k": "whole number; default 3",
        "side": "more or less; default 'more'",
        "share": "number; default 0.5",
        "names": "list of text",
        "file": "path",
    } == parameter_texts(some.spec.parameters)


def is_even(value: int) -> int:
    return value


@pytest.mark.parametrize("annotation", [Annotated[int, AfterValidator(is_even)], AnyUrl, list[AnyUrl]])
def test_parameters_that_a_schema_cannot_hold_are_asked_of_the_plugin(annotation: Any) -> None:
    def measure(*, value: object) -> list[Measurement]:
        return []

    measure.__annotations__["value"] = annotation

    assert Check(name="x", measure=measure).spec.own_rules


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "tuple"}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/Missing"}}},
    ],
)
def test_a_schema_that_cannot_be_read_is_refused(schema: Mapping[str, Any]) -> None:
    with pytest.raises(HarnessError, match="JSON schema"):
        validator(schema)


def test_a_tree_of_values_is_held_to_its_definition() -> None:
    schema = {
        "$defs": {
            "Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}, "additionalProperties": False}
        },
        "type": "object",
        "properties": {"root": {"$ref": "#/$defs/Node"}},
        "additionalProperties": False,
    }

    validate_by_schema(schema, {"root": {"next": {"next": {}}}}, "it")

    with pytest.raises(UsageError, match=r"parameter 'root\.next\.other': Extra inputs"):
        validate_by_schema(schema, {"root": {"next": {"other": 1}}}, "it")


def test_a_mapping_of_many_keys_is_shown_by_their_names_alone() -> None:
    few, many = ({"properties": {f"k{at}": {"type": "string"} for at in range(count)}} for count in (2, 7))
    parts = {"a": {"$ref": "#/$defs/few"}, "b": {"$ref": "#/$defs/many"}}
    schema = {"properties": parts, "$defs": {"few": few, "many": many}}

    assert {"a": "{k0: text, k1: text}", "b": "{k0, k1, k2, k3, k4, k5, k6}"} == parameter_texts(schema)
