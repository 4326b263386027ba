"""Turns a function's keyword-only arguments into strictly validated parameters."""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from harness.errors import UsageError, did_you_mean

Function = Callable[..., object]


def arguments_of_type(function: Function, kind: type) -> set[str]:
    """Return the names of the arguments annotated `kind` or `kind | None`."""
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
    return create_model("Parameters", __config__=ConfigDict(extra="forbid", strict=True), **fields)


def validate_arguments(
    function: Function, given: Mapping[str, object], owner: str, given_by_host: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return `given` as the function's keyword arguments; an unknown name or wrong type is a UsageError."""
    model = parameters_of(function, given_by_host)
    for name in given:
        if name not in model.model_fields:
            raise UsageError(f"{owner} has no parameter {name!r}{did_you_mean(name, model.model_fields)}")
    try:
        parsed = model(**given)
    except ValidationError as error:
        raise UsageError("; ".join(_complaint(owner, dict(item)) for item in error.errors())) from error
    return {name: getattr(parsed, name) for name in model.model_fields}


def _complaint(owner: str, item: Mapping[str, Any]) -> str:
    name = ".".join(map(str, item["loc"]))
    if item["type"] == "missing":
        return f"{owner} needs parameter {name!r}"
    return f"{owner}, parameter {name!r}: {item['msg']}; found {item['input']!r}"
