"""What a detector is, and which there are: our own four by name, those of installed packages, a column of scores."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol

from harness import UsageError
from harness_guardrails.tokens import Span

GROUP = "harness.guardrails"  # entry points of this group name detectors of other packages
OWN: Mapping[str, str] = {
    "pii": "harness_guardrails.pii",
    "injection": "harness_guardrails.injection",
    "refusal": "harness_guardrails.refusal",
    "toxicity": "harness_guardrails.toxicity",
}


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
    if name in OWN:
        found: Detector = import_module(OWN[name]).detector()
        return found
    for entry in entry_points(group=GROUP, name=name):
        made: Callable[[], Detector] = entry.load()
        return made()
    others = sorted(entry.name for entry in entry_points(group=GROUP))
    raise UsageError(
        f"no detector {name!r} is installed; found {', '.join([*OWN, *others])}; install a package that offers it as "
        f"an entry point of group {GROUP!r}, or give `detector: {{score: COLUMN}}`"
    )
