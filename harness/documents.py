"""Reads YAML documents strictly: unknown or repeated keys are errors; `on`, `no`, `010` and `1:30` are words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from harness.errors import UsageError, did_you_mean

Parsed = TypeVar("Parsed")
Schema = Mapping[str, Any]

UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")
BOOLEAN = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
INT = re.compile(r"^[-+]?(?:0|[1-9][0-9_]*)$|^0x[0-9a-fA-F]+$")
FLOAT = re.compile(r"^[-+]?(?:(?:\d[\d_]*)?\.\d+|\d[\d_]*\.|\d[\d_]*(?=[eE]))(?:[eE][-+]?\d+)?$|^[-+]?\.(?:inf|nan)$")


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's booleans and numbers; PyYAML's 1.1 turns `on` into True, 010 into 8, 1:30 into 90, 1e-3 into text."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, rule) for tag, rule in rules if not tag.endswith((":bool", ":int", ":float"))]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    origin = ""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                raise UsageError(f"{self.origin}: key {key!r} is given twice; keep one")
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", BOOLEAN, list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", INT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+.0123456789"))


def read_yaml(path: Path) -> Mapping[str, Any]:
    """Return the mapping a YAML file holds."""
    if not path.is_file():
        raise UsageError(f"no file {str(path)!r}; name an existing YAML file")
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}; give a readable file in UTF-8") from error


def parse_yaml(text: str, origin: str) -> Mapping[str, Any]:
    """Return the mapping a YAML text holds; `origin` names it in errors."""
    try:
        loader = _Loader(text)
        loader.origin = origin
        document = loader.get_single_data()
        _finite(document)
    except yaml.YAMLError as error:
        raise UsageError(f"{origin} is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError:
        raise UsageError(f"{origin} holds itself, or is nested too deeply; write it without the alias") from None
    if not isinstance(document, dict):
        raise UsageError(f"{origin} should hold keys and values; found {type(document).__name__}")
    return document


def _finite(part: object) -> None:
    """Walk through a document; one that holds itself by an alias never ends."""
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _finite(inner)


def parse(kind: type[Parsed], document: object, origin: str) -> Parsed:
    """Return `document` as a value of `kind`; name every unknown key and wrong value otherwise."""
    adapter = TypeAdapter(kind)
    try:
        return adapter.validate_python(document)
    except ValidationError as error:
        schema = adapter.json_schema(by_alias=True)
        raise UsageError("\n".join(f"{origin}: {line}" for line in _complaints(error, schema))) from error


def _complaints(error: ValidationError, schema: Schema) -> Iterator[str]:
    seen = set()
    for item in error.errors(include_url=False):
        path = [part for part in item["loc"] if not _is_branch(part)]
        line = _complaint(str(item["type"]), path, item, schema)
        if line not in seen:
            yield line
        seen.add(line)


def _complaint(kind: str, path: Sequence[str | int], item: Mapping[str, Any], schema: Schema) -> str:
    where = ".".join(map(str, path))
    if kind in UNKNOWN_KEY:
        inside = ".".join(map(str, path[:-1]))
        known = _keys_at(schema, path[:-1])
        return f"{f'{inside}: ' if inside else ''}unknown key {path[-1]!r}{did_you_mean(str(path[-1]), known)}"
    if kind in ("missing", "missing_keyword_only_argument"):
        inside = ".".join(map(str, path[:-1]))
        return f"{f'{inside}: ' if inside else ''}key {path[-1]!r} is missing"
    found = item["input"]
    message = "" if isinstance(found, dict) or kind == "value_error" else f"; found {found!r}"
    return f"{where}: {item['msg'].removeprefix('Value error, ')}{message}"


def _is_branch(part: str | int) -> bool:
    """Tell whether pydantic put the name of a union's branch into a location."""
    return isinstance(part, str) and (bool(re.search(r"[\[\(\-]", part)) or part in _BRANCHES)


_BRANCHES = {"str", "int", "float", "bool", "Requirement", "Param", "EnvName"}


def _keys_at(schema: Schema, path: Sequence[str | int]) -> set[str]:
    nodes = [schema]
    for part in path:
        nodes = [inner for node in nodes for inner in _inside(schema, node, part)]
    return {key for node in nodes for found in _expand_schema(schema, node) for key in found.get("properties", {})}


def _inside(root: Schema, node: Schema, part: str | int) -> Iterator[Schema]:
    for found in _expand_schema(root, node):
        inner = found.get("items") if isinstance(part, int) else _property(found, part)
        if isinstance(inner, dict):
            yield inner


def _property(node: Schema, key: str) -> object:
    return node.get("properties", {}).get(key, node.get("additionalProperties"))


def _expand_schema(root: Schema, node: Schema) -> Iterator[Schema]:
    if "$ref" in node:
        yield from _expand_schema(root, root["$defs"][node["$ref"].rsplit("/", 1)[1]])
    for branch in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _expand_schema(root, branch)
    yield node
