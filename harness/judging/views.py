"""Runs and verdicts as a notebook shows them: the values themselves, with words."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harness.judging import wording
from harness.judging.phrases import describe_asked, describe_found
from harness.values.runs import Run
from harness.values.verdicts import Verdict

if TYPE_CHECKING:
    import pandas

HEADINGS = ("verdict", "metric", "found (between)", "asked")
NUMBERS = ("value", "lower", "upper", "n", "n_eff", "method")


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A verdict that explains itself; every attribute of the verdict is its own."""

    verdict: Verdict

    def explain(self) -> str:
        """Return the verdict as a short paragraph in plain words."""
        return wording.explain(self.verdict)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.explain())}</pre>"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.verdict, name)


@dataclass(frozen=True, slots=True)
class RunView:
    """A run that shows and explains itself; every attribute of the run is its own."""

    record: Run

    @property
    def verdicts(self) -> tuple[VerdictView, ...]:
        """Return the verdicts, in the order of the suite."""
        return tuple(map(VerdictView, self.record.verdicts))

    def __getitem__(self, name: str) -> VerdictView:
        """Return the verdict of a metric, by its name with labels if it has some; of several, the worst."""
        return VerdictView(self.record[name])

    def explain(self) -> str:
        """Return every verdict as a short paragraph in plain words."""
        return wording.explain(self.record)

    def to_frame(self) -> "pandas.DataFrame":
        """Return a row per verdict as a pandas frame."""
        frame: pandas.DataFrame = pa.Table.from_pylist([_row(verdict) for verdict in self.record.verdicts]).to_pandas()
        return frame

    def _repr_html_(self) -> str:
        cells = [(v.outcome, v.name, str(describe_found(v)), str(describe_asked(v))) for v in self.record.verdicts]
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
        head = "".join(f"<th>{name}</th>" for name in HEADINGS)
        title = f"{self.record.outcome}: {self.record.suite}, candidate {self.record.candidate.revision}"
        return f"<table><caption>{escape(title)}</caption><tr>{head}</tr>{rows}</table>"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.record, name)


def explain(found: Run | RunView | Verdict | VerdictView) -> str:
    """Return a verdict, or every verdict of a run, each as a short paragraph in plain words."""
    return wording.explain(found) if isinstance(found, Run | Verdict) else found.explain()


def _row(verdict: Verdict) -> dict[str, object]:
    return {
        "check": verdict.check,
        "metric": verdict.name,
        "outcome": verdict.outcome,
        **{name: getattr(verdict.estimate, name, None) for name in NUMBERS},
        "asked": str(describe_asked(verdict)),
        "n_needed": verdict.n_needed,
        "reason": verdict.reason,
    }
