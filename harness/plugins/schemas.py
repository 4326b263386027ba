"""Holds plain values to a JSON schema as pydantic writes it, strictly: no code of a plugin is needed for it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from pydantic_core import CoreSchema, SchemaError, SchemaValidator, core_schema

from harness.errors import HarnessError

Schema = Mapping[str, Any]

TEXT = {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"}
NUMBER = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
LIST = {"minItems": "min_length", "maxItems": "max_length"}
FORMATS: Mapping[str, Callable[[], CoreSchema]] = {
    "date": lambda: core_schema.date_schema(strict=True),
    "date-time": lambda: core_schema.datetime_schema(strict=True),
    "time": lambda: core_schema.time_schema(strict=True),
    "duration": lambda: core_schema.timedelta_schema(strict=True),
}
READ_FORMATS = {*FORMATS, "path"}
MANY = 6  # keys of a mapping, above which they are named without what each takes
SHOWN = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}


def validator(schema: Schema) -> SchemaValidator:
    """Return what holds values to a schema; one that says what the host cannot read is a HarnessError."""
    try:
        return SchemaValidator(core_schema.definitions_schema(_core(schema), list(_definitions(schema))))
    except SchemaError as error:
        raise HarnessError(f"a JSON schema cannot be read: {error}; describe the plugin anew") from error


def parameter_texts(schema: Schema) -> Mapping[str, str]:
    """Return each property with what it takes, in words, its default or that it must be there, and what it is."""
    parts: Mapping[str, Schema] = schema["properties"]
    return {name: _property_text(schema, name, part) for name, part in parts.items()}


def _property_text(root: Schema, name: str, part: Schema) -> str:
    default = part.get("default")
    given = "; needed" if name in root.get("required", ()) else f"; default {default!r}" if default is not None else ""
    described = f"; {part['description']}" if "description" in part else ""
    return f"{_type_text(part, root)}{given}{described}"


def _type_text(schema: Schema, root: Schema) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"].rsplit("/", 1)[1])
        keys = root.get("$defs", {}).get(name, {}).get("properties", {})
        return _keys_text(keys, root) if keys else name
    if "anyOf" in schema:
        return " or ".join(_type_text(branch, root) for branch in schema["anyOf"] if branch.get("type") != "null")
    if "enum" in schema or "const" in schema:
        return " or ".join(map(str, schema.get("enum", [schema.get("const")])))
    if schema.get("type") == "array":
        return f"list of {_type_text(schema.get('items', {}), root)}"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"mapping to {_type_text(values, root)}" if isinstance(values, dict) else "mapping"
    return SHOWN.get(str(schema.get("format", "")) or str(schema.get("type")), str(schema.get("format", "anything")))


def _keys_text(keys: Mapping[str, Schema], root: Schema) -> str:
    texts = keys if len(keys) > MANY else (f"{key}: {_type_text(part, root)}" for key, part in keys.items())
    return f"{{{', '.join(texts)}}}"


def formats(part: object) -> set[str]:
    """Return the formats of texts that a schema names."""
    if isinstance(part, list):
        return {name for value in part for name in formats(value)}
    if not isinstance(part, dict):
        return set()
    own = {str(part["format"])} if isinstance(part.get("format"), str) else set()
    return own | {name for value in part.values() for name in formats(value)}


def _definitions(schema: Schema) -> Iterator[CoreSchema]:
    for name, part in schema.get("$defs", {}).items():
        found: dict[str, Any] = {**_core(part), "ref": name}
        yield cast(CoreSchema, found)


def _core(schema: Schema) -> CoreSchema:
    """Return a schema as pydantic-core takes it."""
    if "$ref" in schema:
        return core_schema.definition_reference_schema(schema["$ref"].rsplit("/", 1)[1])
    if "enum" in schema or "const" in schema:
        return core_schema.literal_schema(list(schema.get("enum", [schema.get("const")])))
    if "anyOf" in schema:
        return _union(schema["anyOf"])
    kind = schema.get("type")
    if kind is None:
        return core_schema.any_schema()
    if kind not in _KINDS:
        raise HarnessError(f"a JSON schema says type {kind!r}, which the host does not read; use plain values")
    return _KINDS[kind](schema)


def _union(branches: list[Schema]) -> CoreSchema:
    inner = [branch for branch in branches if branch.get("type") != "null"]
    found = _core(inner[0]) if len(inner) == 1 else core_schema.union_schema([_core(branch) for branch in inner])
    return found if len(inner) == len(branches) else core_schema.nullable_schema(found)


def _text(schema: Schema) -> CoreSchema:
    name = schema.get("format", "path")
    return FORMATS[name]() if name in FORMATS else core_schema.str_schema(strict=True, **_limits(schema, TEXT))


def _integer(schema: Schema) -> CoreSchema:
    return core_schema.int_schema(strict=True, **_limits(schema, NUMBER))


def _number(schema: Schema) -> CoreSchema:
    return core_schema.float_schema(strict=True, allow_inf_nan=False, **_limits(schema, NUMBER))


def _list(schema: Schema) -> CoreSchema:
    return core_schema.list_schema(_core(schema.get("items", {})), strict=True, **_limits(schema, LIST))


def _object(schema: Schema) -> CoreSchema:
    values = schema.get("additionalProperties", True)
    if "properties" not in schema and values is not False:
        inner = _core(values if isinstance(values, dict) else {})
        least, most = schema.get("minProperties"), schema.get("maxProperties")
        names = _core({"type": "string", **schema.get("propertyNames", {})})
        return core_schema.dict_schema(names, inner, strict=True, min_length=least, max_length=most)
    fields = dict(_fields(schema))
    extra = "forbid" if values is False else "allow"
    return core_schema.typed_dict_schema(fields, strict=True, extra_behavior=extra)  # type: ignore[arg-type]


def _fields(schema: Schema) -> Iterator[tuple[str, core_schema.TypedDictField]]:
    for name, part in schema.get("properties", {}).items():
        yield name, core_schema.typed_dict_field(_core(part), required=name in schema.get("required", ()))


def _limits(schema: Schema, names: Mapping[str, str]) -> dict[str, Any]:
    return {own: schema[name] for name, own in names.items() if name in schema}


_KINDS: Mapping[str, Callable[[Schema], CoreSchema]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": lambda _: core_schema.bool_schema(strict=True),
    "null": lambda _: core_schema.none_schema(),
    "array": _list,
    "object": _object,
}
