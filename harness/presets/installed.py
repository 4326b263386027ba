"""The JSON schema of suites with the checks and target kinds that are installed, for editors that complete them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.plugins.describing import describe_plugin
from harness.plugins.description_files import read_description
from harness.plugins.discovery import Plugins
from harness.plugins.schemas import Schema
from harness.plugins.specs import CheckSpec, PluginDescription
from harness.suite.suites import suite_schema

REFERENCE = "Reference"
NESTED = ("items", "additionalProperties")


def installed_suite_schema(plugins: Plugins) -> dict[str, Any]:
    """Return the schema of a suite file in which the name of an installed check or kind says what stands beside it.

    Names of plugins that cannot be described are let through, and `$comment` says which and why.
    """
    schema = suite_schema()
    definitions = schema["$defs"]
    definitions[REFERENCE] = {
        "description": "A value that the command line (--param) or the environment gives.",
        "type": "object",
        "properties": {"param": {"type": "string"}, "env": {"type": "string"}},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
    unknown: list[str] = []
    for found in _descriptions(plugins, unknown):
        for check in found.checks.values():
            own = {"with": _with(check, definitions), "require": {"properties": {name: {} for name in check.metrics}}}
            _add_case(definitions["Step"], "check", check.name, check.doc, own)
        for kind in found.targets.values():
            own = {"config": _parameters(kind.name, kind.parameters, definitions)}
            _add_case(definitions["TargetConfig"], "kind", kind.name, kind.doc, own)
    return {"$comment": "\n".join(unknown), **schema} if unknown else schema


def _descriptions(plugins: Plugins, unknown: list[str]) -> Iterator[PluginDescription]:
    """Yield what each plugin says of itself, by its file if it ships one, so that few are imported.

    Why one cannot be described is added to `unknown`.
    """
    for name, plugin in sorted(plugins.known.items()):
        try:
            yield read_description(plugin.module) or describe_plugin(plugins, name)
        except Exception as error:  # noqa: BLE001 - a stranger's plugin may raise anything; others are described
            unknown.append(f"left out: plugin {name!r}: {type(error).__name__}: {error}")


def _add_case(schema: dict[str, Any], key: str, name: str, doc: str, own: Mapping[str, Schema]) -> None:
    """Add to an object's schema that a name under a key is known, and what then stands under other keys."""
    named = schema["properties"][key]
    branches = named.setdefault("anyOf", [{"type": named.pop("type", "string")}])
    branches.insert(len(branches) - 1, {"const": name, "description": doc})
    then: dict[str, Any] = {"properties": dict(own)}
    needed = [part for part, inner in own.items() if inner.get("required")]
    case = {"properties": {key: {"const": name}}, "required": [key]}
    schema.setdefault("allOf", []).append({"if": case, "then": then | ({"required": needed} if needed else {})})


def _with(check: CheckSpec, definitions: dict[str, Any]) -> Schema:
    """Return the schema of a check's `with:`, its datasets among the parameters; `data` may be the target's own."""
    found = dict(_parameters(check.name, check.parameters, definitions))
    datasets = {
        name: {"type": "string", "description": "The name of a dataset of this suite."} for name in check.datasets
    }
    needed = [name for name, must in check.datasets.items() if must and name != "data"]
    found["properties"] = {**datasets, **found.get("properties", {})}
    found["required"] = [*needed, *found.get("required", [])]
    return found


def _parameters(owner: str, parameters: Schema, definitions: dict[str, Any]) -> Schema:
    """Return parameters as a part of a larger schema, into which their own definitions are moved."""
    text = json.dumps(parameters).replace('"#/$defs/', f'"#/$defs/{owner}.')
    moved: dict[str, Any] = json.loads(text)
    definitions |= {f"{owner}.{name}": _with_references(part) for name, part in moved.pop("$defs", {}).items()}
    return _with_references(moved)


def _with_references(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema in which each value may be left to a parameter or the environment."""
    found = dict(schema)
    if "properties" in found:
        found["properties"] = {name: _or_reference(part) for name, part in found["properties"].items()}
    for name in NESTED:
        if isinstance(found.get(name), dict):
            found[name] = _or_reference(found[name])
    if "anyOf" in found:
        found["anyOf"] = [_with_references(branch) for branch in found["anyOf"]]
    return found


def _or_reference(schema: dict[str, Any]) -> dict[str, Any]:
    inner = _with_references(schema)
    described: dict[str, Any] = {name: inner.pop(name) for name in ("description", "default") if name in inner}
    if not inner:
        return described
    branches = inner.pop("anyOf", [])
    return {**described, "anyOf": [*branches, *([inner] if inner else []), {"$ref": f"#/$defs/{REFERENCE}"}]}
