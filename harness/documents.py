"""Reads YAML documents into values: every unknown key and wrong value is an error that says where it stands."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import UsageError, did_you_mean
from harness.strict_yaml import Keys, load_yaml

Parsed = TypeVar("Parsed")
Schema = Mapping[str, Any]

NO_MAPPING = ("dataclass_type", "model_type", "dict_type", "model_attributes_type")
UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")


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
    document = load_yaml(text, origin)
    if not isinstance(document, dict):
        raise UsageError(f"{origin} should hold keys and values; found {_kind_text(document)}")
    return document


def _kind_text(document: object) -> str:
    kinds = {type(None): "nothing", list: "a list", str: "text"}
    return kinds.get(type(document), repr(document))


def parse(kind: type[Parsed], document: object, origin: str, *, written: object = None) -> Parsed:
    """Return `document` as a value of `kind`; name every unknown key and wrong value otherwise.

    `written` is the document as it was read, where that was changed since: it knows the lines.
    """
    adapter = TypeAdapter(kind)
    try:
        return adapter.validate_python(document)
    except ValidationError as error:
        schema = adapter.json_schema(by_alias=True)
        read = document if written is None else written
        raise UsageError("\n".join(f"{origin}{line}" for line in _complaints(error, schema, read))) from error


def _complaints(error: ValidationError, schema: Schema, read: object) -> Iterator[str]:
    seen = set()
    for item in error.errors(include_url=False):
        path = [part for part in item["loc"] if not _is_branch(part)]
        line = f"{place_text(read, path)}: {_complaint(str(item['type']), path, item, schema).removeprefix(': ')}"
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
    if kind in NO_MAPPING:
        return f"{where}: {found!r} stands where keys and values belong{_example(schema, path)}"
    if kind == "too_short":
        least = item["ctx"]["min_length"]
        return f"{where}: should have at least {least} item{'s' if least > 1 else ''}; found {found!r}"
    message = "" if isinstance(found, dict) or kind == "value_error" else f"; found {found!r}"
    return f"{where}: {item['msg'].removeprefix('Value error, ')}{message}"


def _example(schema: Schema, path: Sequence[str | int]) -> str:
    """Return which keys a place takes, those that must be there first."""
    known = sorted(_keys_at(schema, path))
    return f"; it takes {', '.join(known)}" if known else ""


def place_text(read: object, path: Sequence[str | int]) -> str:
    """Return `:line:column` of the innermost part of a path that was read from a file; nothing if none was."""
    line = ""
    for part in path:
        if isinstance(read, dict) and part in read:
            line = ":{}:{}".format(*read.places[part]) if isinstance(read, Keys) and part in read.places else line
            read = read[part]
        elif isinstance(read, list) and isinstance(part, int) and part < len(read):
            read = read[part]
            line = ":{}:{}".format(*min(read.places.values())) if isinstance(read, Keys) and read.places else line
    return line


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
