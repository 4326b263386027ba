"""Finds and reads `harness-plugin.json`: what a plugin says of itself, beside its module, which is not imported."""

from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.errors import HarnessError
from harness.files import write_atomic
from harness.plugins.description_places import description_file
from harness.plugins.specs import PluginDescription
from harness.values.canonical import canonical_pretty


def read_description(module: str) -> PluginDescription | None:
    """Return what a module's description file says, or None if it ships none."""
    file = description_file(module)
    return _read(file, file.stat().st_mtime_ns) if file and file.is_file() else None


def description_text(description: PluginDescription) -> str:
    """Return a description as the text of its file."""
    return canonical_pretty(_adapter().dump_python(description, mode="json"))


def write_description(module: str, description: PluginDescription) -> Path:
    """Write a description beside its module, and return where."""
    file = description_file(module)
    if file is None:
        raise HarnessError(f"module {module!r} has no source file that a description could stand beside")
    return write_atomic(file, description_text(description))


@cache
def _read(file: Path, _changed: int) -> PluginDescription:
    try:
        return _adapter().validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        message = " ".join(str(error).split())
        raise HarnessError(
            f"{file} does not describe a plugin: {message}; write it anew with `harness plugins describe NAME --write`"
        ) from error


@cache
def _adapter() -> TypeAdapter[PluginDescription]:
    return TypeAdapter(PluginDescription)
