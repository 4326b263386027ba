"""What steps that run alone would take: a plan puts no load on anybody, so it only says it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from harness.plugins.checks import Effort
from harness.plugins.discovery import Plugins
from harness.suite.steps import Resolved


@dataclass(frozen=True, kw_only=True)
class Unrun:
    """A step that was not run, how many musts it decides, and what it would take if its check says so."""

    step: str
    check: str
    musts: int
    effort: Effort | None

    def explain(self) -> str:
        """Return it in words."""
        if self.effort is None:
            return f"{self.step}: not run, as it runs alone; {self.check} does not say what it would take"
        many = "nobody knows how many" if self.effort.n is None else f"{self.effort.n:,}"
        takes = f"it would take {self.effort.seconds:.4g} s and yield {many} {self.effort.unit}"
        return f"{self.step}: not run, as a plan puts no load on anybody; {takes}"

    def as_json(self) -> Mapping[str, Any]:
        """Return it as plain values."""
        effort = self.effort
        return {
            "step": self.step,
            "check": self.check,
            "seconds": effort and effort.seconds,
            "n": effort and effort.n,
            "unit": effort and effort.unit,
        }


def split_steps(steps: Sequence[Resolved], plugins: Plugins) -> tuple[Sequence[Resolved], Sequence[Unrun]]:
    """Return the steps that a plan may run, and those it may not."""
    return [s for s in steps if not s.check.exclusive], [_unrun(s, plugins) for s in steps if s.check.exclusive]


def planned_seconds(steps: Sequence[Resolved], plugins: Plugins) -> Mapping[str, float]:
    """Return by step how long it takes, of those whose check says so; what cannot be asked is not known."""
    found: dict[str, float] = {}
    for step in steps:
        with suppress(Exception):  # a stranger's check may raise anything, and this is only for a bar
            effort = _effort(step, plugins)
            found |= {step.name: effort.seconds} if effort else {}
    return found


def _unrun(step: Resolved, plugins: Plugins) -> Unrun:
    asked = [requirement for requirement in step.step.requirements if requirement.severity == "must"]
    return Unrun(step=step.name, check=step.check.name, musts=len(asked), effort=_effort(step, plugins))


def _effort(step: Resolved, plugins: Plugins) -> Effort | None:
    if not step.check.has_effort:
        return None
    check = plugins.check(step.check.name)
    return check.effort(**check.parameters(step.params)) if check.effort else None
