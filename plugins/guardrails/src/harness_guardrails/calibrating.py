"""How often a detector errs on texts that people labelled, and what a share that it found is worth with that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from harness import Estimate, HarnessError, Measurement, Sample, estimate, samples
from harness_guardrails.texts import add_columns

FEWEST, FEWEST_OF_A_KIND = 50, 10  # labels
UNMEASURED = (
    "not proven: nobody measured how often this detector misses; name `labels` of these answers, or a `calibration`"
)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What labels say of a detector: the shares of what is labelled 1 that it finds, and of the others that it leaves.

    Bounds are one-sided, of 95 % each.
    """

    recall: Estimate
    specificity: Estimate

    def __str__(self) -> str:
        shown = {"recall": self.recall, "specificity": self.specificity}
        return ", ".join(
            f"{name} {each.value:.3f} ({each.lower:.3f} to {each.upper:.3f}, n {each.n})"
            for name, each in shown.items()
        )

    @property
    def too_few(self) -> str:
        """Return that there are too few labels to correct anything by, or nothing."""
        of_each = (self.recall.n, self.specificity.n)
        if sum(of_each) < FEWEST or min(of_each) < FEWEST_OF_A_KIND:
            return (
                f"its calibration has {of_each[0]} labels of 1 and {of_each[1]} of 0; {FEWEST} are needed, and "
                f"{FEWEST_OF_A_KIND} of each"
            )
        return ""

    @property
    def may_be_blind(self) -> bool:
        """Tell whether what it finds may be chance."""
        return _number(self.recall.lower) + _number(self.specificity.lower) <= 1

    def errors(self, found: float, open_to_error: float) -> Mapping[str, float]:
        """Return how many of how many independent labels it got right, for a run in which it found some share.

        It can raise false alarms only in the share `open_to_error` of the rows: those that were not blocked.
        """
        good, bad = self.recall, self.specificity
        true = min(found / good.value, open_to_error)
        alarms = (1 - bad.value) * ((open_to_error - true) / (1 - true) if true < 1 else 0.0)
        positives, negatives = (min(each.n_eff, float(each.n)) for each in (good, bad))
        return {
            "tp": good.value * positives,
            "positives": positives,
            "tn": (1 - alarms) * negatives,
            "negatives": negatives,
        }

    def refutes(self, found: Estimate, open_to_error: float) -> bool:
        """Tell whether less was found than false alarms alone make, so that the labels are of other texts."""
        return _number(found.upper) < (1 - _number(self.specificity.upper)) * open_to_error


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of how often a detector errs: people's labels of these rows, or of others; of a rule, neither."""

    labels: Sequence[float | None] | None = None
    calibration: Calibration | None = None
    is_rule: bool = False


def calibrate(keys: pa.Table, labels: Sequence[float], found: Sequence[float]) -> Calibration:
    """Return how often what was found, 0 or 1, is what people labelled; labels of one kind alone are an error."""
    of_kinds = {}
    for kind in (1.0, 0.0):
        places = [at for at, label in enumerate(labels) if label == kind]
        if not places:
            raise HarnessError(
                f"no text of the calibration is labelled {kind:.0f}, so nobody knows how often the detector errs "
                f"there; label some of each kind"
            )
        right = [float(found[at] == kind) for at in places]
        own = keys.take(places) if keys.num_columns else keys
        of_kinds[kind] = estimate(samples.rows.proportion(add_columns(own, y=right)))
    return Calibration(recall=of_kinds[1.0], specificity=of_kinds[0.0])


def measure_share(
    keys: pa.Table, metric: str, found: Sequence[float], known: Known, unit: str, event: str, blocked: float = 0.0
) -> Measurement:
    """Return which share people would find, as far as labels say how often the detector errs.

    Without labels the share of a rule is its own; that of a detector decides no must. `blocked` is the share of rows
    of which it is certain that nothing is to be found.
    """
    sample, notes, failure = _sample(keys, found, known, 1 - blocked)
    return Measurement(
        metric=metric, sample=sample, unit=unit, event=event, better="lower", evidence=notes, failure=failure
    )


def _sample(
    keys: pa.Table, found: Sequence[float], known: Known, open_to_error: float
) -> tuple[Sample, Mapping[str, str], str]:
    """Return the sample, what is noted beside it, and why nothing can be said, or nothing."""
    if known.labels is not None:
        return samples.rows.judge_correction(add_columns(keys, y=known.labels, score=found)), {}, ""
    calibration = known.calibration
    if calibration is None and known.is_rule:
        return samples.rows.proportion(add_columns(keys, y=found)), {}, ""
    unproven = samples.rows.judge_mean(add_columns(keys, y=found))
    if calibration is None:
        return unproven, {"note": UNMEASURED}, ""
    if calibration.too_few:
        return unproven, {"note": f"not proven: {calibration.too_few}"}, ""
    seen = estimate(samples.rows.proportion(add_columns(keys, y=found)))
    if calibration.may_be_blind:
        failure = f"the detector may be blind, as what it finds may be chance ({calibration}); name another detector"
    elif calibration.refutes(seen, open_to_error):
        failure = (
            f"the detector found {seen.value:.1%}, less than its false alarms alone would be by its calibration "
            f"({calibration}), so the calibration is of other texts than these; label some of these"
        )
    else:
        failure = ""
    notes = {"calibration": str(calibration)}
    if failure:
        return unproven, notes, failure
    errors = calibration.errors(seen.value, open_to_error)
    sample = samples.rows.judge_correction(add_columns(keys, score=found), elsewhere=errors)
    return sample, notes, ""


def _number(bound: float | None) -> float:
    return 0.0 if bound is None else bound
