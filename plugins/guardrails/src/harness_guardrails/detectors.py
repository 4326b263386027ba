"""What a detector is, and which there are: those that packages offer by name, ours among them."""

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Protocol

from harness import UsageError
from harness_guardrails.tokens import Span

GROUP = "harness.guardrails"  # entry points of this group name detectors


class Detector(Protocol):
    """Scores texts."""

    @property
    def threshold(self) -> float:
        """Return the score from which a text counts as detected."""

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        """Return a finite number for each text, the higher the surer."""


class SpanDetector(Detector, Protocol):
    """A detector that says where."""

    def spans(self, text: str) -> Sequence[Span]:
        """Return the character spans of what was detected, [start, end)."""


def open_detector(name: str) -> Detector:
    """Return a detector by its name; one that is not installed, or does not load, is an error that says so."""
    for entry in entry_points(group=GROUP, name=name):
        made: Detector = entry.load()()
        return made
    others = sorted(entry.name for entry in entry_points(group=GROUP))
    raise UsageError(
        f"no detector {name!r} is installed; found {', '.join(others)}; install a package that offers it as "
        f"an entry point of group {GROUP!r}, or give `detector: {{score: COLUMN}}`"
    )
