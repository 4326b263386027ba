"""Holds the table to the same rules with Great Expectations on a pandas frame."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations import expectations as expect


def run(folder: Path) -> int:
    """Return how many rules are broken."""
    message = json.loads((folder / "rules.json").read_text())
    table = pd.read_parquet(folder / "rows.parquet")
    suite = gx.ExpectationSuite(
        name="rules", expectations=[*_types(message["types"], table), *_rules(message["rules"])]
    )
    source = gx.get_context(mode="ephemeral").data_sources.add_pandas("pandas")
    whole = source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    results = whole.get_batch({"dataframe": table}).validate(suite).results
    for each in results:
        if each.exception_info.get("raised_exception"):
            raise RuntimeError(each.exception_info["exception_message"])
    return sum(not each.success for each in results)


def _types(types: dict[str, str], table: pd.DataFrame) -> Iterator[Any]:
    for name, kind in types.items():
        wanted = {"int": "int64", "float": "float64", "text": str(table[name].dtype)}[kind]
        yield expect.ExpectColumnValuesToBeOfType(column=name, type_=wanted)


def _rules(rules: dict[str, dict[str, Any]]) -> Iterator[Any]:
    for name, rule in rules.items():
        if rule.get("missing") is False:
            yield expect.ExpectColumnValuesToNotBeNull(column=name)
        if "range" in rule:
            low, high = rule["range"]
            yield expect.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high)
        if "values" in rule:
            yield expect.ExpectColumnValuesToBeInSet(column=name, value_set=rule["values"])
        if rule.get("unique"):
            yield expect.ExpectColumnValuesToBeUnique(column=name)
