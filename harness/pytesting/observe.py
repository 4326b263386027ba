"""The fixture `observe`: turns what a test asserts into a row of a measurement."""

import math
from dataclasses import dataclass
from typing import SupportsFloat

from harness.errors import UsageError
from harness.pytesting.session import Session


@dataclass(frozen=True, kw_only=True)
class Observe:
    """Records rows for one test."""

    session: Session
    test: str

    def __call__(
        self, metric: str, /, *, id: str, ok: object = None, value: SupportsFloat | None = None, **labels: str
    ) -> bool:
        """Record one row of a metric, `ok` of a rate or `value` of a mean; return whether it is ok (not zero).

        An id names a row of its metric once a session; the labels are what a suite's `by:` and `where:` see.
        """
        if (ok is None) == (value is None):
            raise UsageError(f"observe {metric!r}, id {id!r}: give ok=True or ok=False, or value=NUMBER")
        y = _truth(metric, id, ok) if value is None else _number(metric, id, value)
        row = {"metric": metric, "id": str(id), "y": y, "statistic": "proportion" if value is None else "mean"}
        texts = {name: str(label) for name, label in labels.items()}
        self.session.note({"event": "observed", "test": self.test, **row, "labels": texts})
        return bool(y)


def _truth(metric: str, key: str, ok: object) -> float:
    """Return 1 or 0 of what is a truth value (Python's or numpy's); a number or a text is none."""
    if isinstance(ok, str | bytes) or ok not in (True, False):
        raise UsageError(f"observe {metric!r}, id {key!r}: ok is True or False; found {ok!r}")
    return float(bool(ok))


def _number(metric: str, key: str, value: SupportsFloat) -> float:
    found = float(value)
    if not math.isfinite(found):
        raise UsageError(f"observe {metric!r}, id {key!r}: value is a number; found {found}")
    return found
