"""Writes a first plugin or target: small, and runnable as it is."""

import keyword
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from harness.errors import UsageError
from harness.presets.fill import fill_template, template

PLUGIN = ("pyproject.toml", "src/harness_NAME/__init__.py", "tests/test_NAME.py", "example/example.suite.yaml")
TARGET = ("pyproject.toml", "NAME.py", "NAME.suite.yaml")


def plugin(name: str, taken: Mapping[str, object]) -> Mapping[Path, str]:
    """Return the files of a distribution with one check."""
    _validate_name(name, f"harness_{name}", taken)
    return {**_files("plugin", PLUGIN, name), Path(name) / "example/answers.csv": template("answers.csv")}


def target(name: str, taken: Mapping[str, object]) -> Mapping[Path, str]:
    """Return the files of a project with one target of its own."""
    _validate_name(name, name, taken)
    return {**_files("target", TARGET, name), Path(name) / "answers.csv": template("answers.csv")}


def _files(folder: str, paths: tuple[str, ...], name: str) -> dict[Path, str]:
    values = {"name": name, "dashed": name.replace("_", "-")}
    named = {path: Path(name) / path.replace("NAME", name) for path in paths}
    return {there: fill_template(template(f"{folder}/{path}"), values) for path, there in named.items()}


def _validate_name(name: str, module: str, taken: Mapping[str, object]) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise UsageError(f"a name is lower-case letters, digits and _, as in `card_data`; found {name!r}")
    if name in taken:
        raise UsageError(f"a plugin {name!r} is installed already; plugins are told apart by name, so choose another")
    if find_spec(module) is not None:
        raise UsageError(f"a Python module {module!r} exists already and would be hidden; choose another name")
