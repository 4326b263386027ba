"""Turns a function's keyword-only arguments into strictly validated parameters, and describes them as a JSON schema."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any, NewType, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from harness.errors import UsageError, did_you_mean
from harness.plugins.schemas import READ_FORMATS, Schema, formats, validator

Function = Callable[..., object]


def arguments_of_type(function: Function, kind: type | NewType) -> set[str]:
    """Return the names of the arguments annotated `kind` or `kind | None`, `Annotated` or not."""
    hints = get_type_hints(function)
    return {name for name, hint in hints.items() if name != "return" and (hint is kind or kind in get_args(hint))}


@cache
def parameters_of(function: Function, given_by_host: frozenset[str] = frozenset()) -> type[BaseModel]:
    """Return the model of a function's keyword-only arguments, less those that the host fills in."""
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        name: (hints[name], ... if argument.default is argument.empty else argument.default)
        for name, argument in inspect.signature(function).parameters.items()
        if argument.kind is argument.KEYWORD_ONLY and name not in given_by_host
    }
    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return create_model("Parameters", __config__=config, **fields)


def schema_of(function: Function, given_by_host: frozenset[str] = frozenset()) -> Schema:
    """Return a function's parameters as a JSON schema, without the titles that only repeat names."""
    schema: Schema = _without_titles(parameters_of(function, given_by_host).model_json_schema())
    return schema


def has_own_rules(function: Function, given_by_host: frozenset[str] = frozenset()) -> bool:
    """Tell whether parameters obey rules that a JSON schema cannot tell the host."""
    model = parameters_of(function, given_by_host)
    return bool(formats(model.model_json_schema()) - READ_FORMATS) or _runs_code(model.__pydantic_core_schema__)


def validate_arguments(
    function: Function, given: Mapping[str, object], owner: str, given_by_host: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return `given` as the function's keyword arguments; an unknown name or wrong type is a UsageError."""
    model = parameters_of(function, given_by_host)
    _names_are_known(given, model.model_fields, owner)
    try:
        parsed = model(**given)
    except ValidationError as error:
        raise _usage_error(owner, error) from error
    return {name: getattr(parsed, name) for name in model.model_fields}


def validate_by_schema(schema: Schema, given: Mapping[str, object], owner: str) -> None:
    """Hold parameters to a JSON schema as the function itself would; an unknown name or wrong type is a UsageError."""
    _names_are_known(given, schema["properties"], owner)
    try:
        validator(schema).validate_python(dict(given))
    except ValidationError as error:
        raise _usage_error(owner, error) from error


def _names_are_known(given: Mapping[str, object], known: Iterable[str], owner: str) -> None:
    for name in given:
        if name not in known:
            raise UsageError(f"{owner} has no parameter {name!r}{did_you_mean(name, known)}")


def _usage_error(owner: str, error: ValidationError) -> UsageError:
    return UsageError("; ".join(_complaint(owner, dict(item)) for item in error.errors()))


def _complaint(owner: str, item: Mapping[str, Any]) -> str:
    name = ".".join(map(str, item["loc"]))
    if item["type"] == "missing":
        return f"{owner} needs parameter {name!r}"
    return f"{owner}, parameter {name!r}: {item['msg']}; found {item['input']!r}"


def _without_titles(part: Any) -> Any:
    if isinstance(part, dict):
        kept = {key: value for key, value in part.items() if key != "title" or isinstance(value, dict)}
        return {key: value if key in ("default", "enum") else _without_titles(value) for key, value in kept.items()}
    return [_without_titles(value) for value in part] if isinstance(part, list) else part


def _runs_code(part: Any) -> bool:
    """Tell whether a core schema calls functions that are not pydantic's own."""
    if isinstance(part, list | tuple):
        return any(map(_runs_code, part))
    if not isinstance(part, dict):
        return False
    if str(part.get("type")).startswith("function-") and not _is_pydantics(part["function"]["function"]):
        return True
    return any(_runs_code(value) for key, value in part.items() if key not in ("serialization", "metadata", "default"))


def _is_pydantics(function: Any) -> bool:
    inner = function.func if isinstance(function, partial) else function
    return str(getattr(inner, "__module__", "")).startswith("pydantic")
