"""Differences of two statistics on the same rows, by what each row moves them by."""

from collections.abc import Mapping
from dataclasses import replace

from harness.stats.columns import Codes
from harness.stats.design_variance import Influence, spread
from harness.stats.effective import bonett_price, student
from harness.stats.inference import Inference

Linear = tuple[float, Influence]


def difference(candidate: Linear, baseline: Linear, codes: Mapping[str, Codes], name: str) -> Inference:
    """Return candidate - baseline between -1 and 1, by t bent for skew (linearised: Deville 1999; skew: Hall 1992).

    An influence is what each row moves a value by. Values that no row moves apart: Bonett-Price 2012, so that agreement
    does not look certain.
    """
    (new, one), (old, other) = candidate, baseline
    part = Influence(values=one.values - other.values, leverage=(one.leverage + other.leverage) / 2)
    design = spread([part], codes)
    value, n = new - old, len(part.values)
    if not design.variance > 0:
        return replace(bonett_price(value, value**2, n, design), method=f"paired {name}, Bonett-Price")
    return student(value, n, design, method=f"paired {name}, t", reach=1.0)
