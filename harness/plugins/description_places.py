"""Finds `harness-plugin.json` beside a module that is not imported; light, so that listing plugins asks it."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

FILE = "harness-plugin.json"


def description_file(module: str) -> Path | None:
    """Return where the description of a module stands or would stand: in a package, else beside the module's file.

    Only the top-level name is looked up, as to look up `x.y` imports `x`; None where there is no such source.
    """
    top, *rest = module.split(".")
    found = find_spec(top)
    if found is None:
        return None
    if found.submodule_search_locations is None:
        return Path(found.origin).with_name(f"{top}.{FILE}") if found.origin else None
    places = [Path(root).joinpath(*rest) for root in found.submodule_search_locations]
    return next((file for place in places if (file := _beside(place))), None)


def is_isolated(module: str) -> bool:
    """Tell whether a module ships a description that gives it an environment of its own."""
    file = description_file(module)
    return file is not None and _isolation(file) is not None


def isolation_files(source: Path) -> Sequence[Path]:
    """Return what isolates a module of one file and stands beside it: its description and its lock, or nothing."""
    description = source.with_name(f"{source.stem}.{FILE}")
    found = _isolation(description)
    lock = found.get("lock") if isinstance(found, dict) else None
    return [description, *([source.with_name(lock)] if isinstance(lock, str) else [])] if found else []


def _isolation(description: Path) -> object:
    """Return what a description says of an environment of its own; None if it says nothing that can be read."""
    try:
        found = json.loads(description.read_bytes())
    except (OSError, ValueError):
        return None  # whoever reads it whole, says so
    return found.get("isolated") if isinstance(found, dict) else None


def _beside(place: Path) -> Path | None:
    if place.is_dir():
        return place / FILE
    return place.with_name(f"{place.name}.{FILE}") if place.with_suffix(".py").is_file() else None
