"""How many of the columns have drifted: a count of these very tables, by distances that are said in advance."""

from collections.abc import Mapping, Sequence

from harness import Measurement, Sample, samples
from harness_drift.column_pair import PLAIN

METRIC = "drifted_columns"


def measure_drifted(found: Sequence[Measurement], most: Mapping[str, float]) -> Measurement:
    """Return the share of columns of which any named distance is greater than its most; `evidence` names them.

    Distances are those of the counts as they are, from which no noise is subtracted. A column without any of them may
    have drifted, so then nothing is counted.
    """
    columns = dict.fromkeys(each.labels["column"] for each in found)
    seen = {name: _distances(found, name, most) for name in columns}
    unknown = [name for name, distances in seen.items() if not distances]
    if unknown:
        failure = f"{', '.join(unknown)} cannot be compared by {' or '.join(most)}, so nobody knows how many drifted"
        return _measurement(samples.unmeasured("exact"), failure=f"{failure}; name other `columns` or distances")
    drifted = {name: beyond for name, each in seen.items() if (beyond := _beyond(each, most))}
    sample = samples.exact(value=len(drifted) / len(columns), n=len(columns))
    words = ", ".join(f"{name} ({', '.join(beyond)})" for name, beyond in drifted.items())
    return _measurement(sample, drifted=words or "none")


def _measurement(sample: Sample, failure: str = "", **evidence: str) -> Measurement:
    return Measurement(metric=METRIC, sample=sample, better="lower", unit="columns", evidence=evidence, failure=failure)


def _distances(found: Sequence[Measurement], column: str, names: Mapping[str, float]) -> Mapping[str, float]:
    """Return the named distances of a column that were measured, of its values and of its lengths."""
    own = [each for each in found if each.labels["column"] == column and each.metric in names]
    if any(each.failure for each in own):
        return {}
    return {" ".join([each.metric, *list(each.labels.values())[1:]]): _distance(each) for each in own}


def _distance(measured: Measurement) -> float:
    """Return a distance of counts by bin, or the value of one that has no bins."""
    counts = measured.sample.counts
    if "value" in counts:
        return counts["value"]
    sides = [[int(n) for name, n in counts.items() if name.startswith(f"{side}.")] for side in ("reference", "current")]
    return PLAIN[measured.metric](*sides)


def _beyond(distances: Mapping[str, float], most: Mapping[str, float]) -> Sequence[str]:
    return [f"{name} {value:.3g}" for name, value in distances.items() if value > most[name.split()[0]]]
