"""Detectors of installed packages, as rails ask them."""

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Protocol

GROUP = "harness.guardrails"  # entry points of this group offer detectors


class Detector(Protocol):
    """Scores texts; from its threshold on a text is detected."""

    @property
    def threshold(self) -> float:
        """Return the score from which a text is detected."""

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        """Return a number for each text."""


@cache
def open_detector(name: str, **given: Hashable) -> Detector:
    """Return a detector by its name, loaded once a process; ValueError if no package offers it."""
    made: Callable[..., Detector] = _entry(name).load()
    return made(**given)


def describe_detectors(names: Sequence[str]) -> Mapping[str, str]:
    """Return `sha256:` over all files of each package that offers one of some detectors."""
    packages = sorted({_entry(name).module.partition(".")[0] for name in names})
    return {f"rails.{package}": _digest(files(package)) for package in packages}


def _entry(name: str) -> EntryPoint:
    for entry in entry_points(group=GROUP, name=name):
        return entry
    raise ValueError(
        f"rails need the detector {name!r}, and no package offers it: pip install 'promotion-harness[guardrails]'"
    )


def _digest(folder: Traversable) -> str:
    total = hashlib.sha256()
    for name, content in sorted(_contents(folder, "")):
        total.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return f"sha256:{total.hexdigest()}"


def _contents(folder: Traversable, head: str) -> Sequence[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for each in folder.iterdir():
        if each.is_dir():
            found += [] if each.name == "__pycache__" else _contents(each, f"{head}{each.name}/")
        else:
            found.append((f"{head}{each.name}", each.read_bytes()))
    return found
