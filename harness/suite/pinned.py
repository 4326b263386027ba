"""Reads a suite file for a gate: what its steps ask must not hang on what a run was given."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.documents import read_yaml
from harness.errors import UsageError, did_you_mean
from harness.suite.suites import Scalar, Suite, param_declarations, read_suite


def read_pinned(path: Path, pinned: Mapping[str, Scalar], given: Mapping[str, Scalar]) -> Suite:
    """Return the suite in a file, its parameters those that are pinned, else those that a run was given.

    A parameter that steps use must be pinned, and no step may read the environment: else thresholds could be lowered
    by whoever runs the suite. Either is a UsageError.
    """
    document = read_yaml(path)
    steps = document.get("steps")
    loose = sorted(set(_references(steps, "param")) - set(pinned))
    if loose:
        raise UsageError(
            f"{path}: its steps use parameter {loose[0]!r}, so a gate must pin it; "
            f"write `{{file: {path.name}, params: {{{loose[0]}: VALUE}}}}`"
        )
    for name in _references(steps, "env"):
        raise UsageError(
            f"{path}: a step reads environment variable {name!r}, so a gate cannot hold it; use a parameter"
        )
    declared = param_declarations(document)
    for name in pinned:
        if name not in declared:
            raise UsageError(f"{path}: no parameter {name!r} to pin{did_you_mean(name, declared)}")
    values = {name: value for name, value in {**given, **pinned}.items() if name in declared}
    return read_suite(path, {name: _as_typed(value) for name, value in values.items()}, _Unset())


class _Unset(dict[str, str]):
    """An environment in which every variable is set, to nothing: where data lie is not what a gate holds."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return ""


def _references(part: Any, kind: str) -> Iterator[str]:
    """Yield the names of the parameters, or variables of the environment, that a part of a document refers to."""
    if isinstance(part, dict) and set(part) == {kind}:
        yield str(part[kind])
    elif isinstance(part, dict | list):
        for value in part.values() if isinstance(part, dict) else part:
            yield from _references(value, kind)


def _as_typed(value: Scalar) -> str:
    """Return a value as --param gives it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
