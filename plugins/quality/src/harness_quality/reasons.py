"""Says why a metric is not there, and what to add."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from harness import Dataset, Measurement, samples

# What is right of all positives, or ranked above all negatives, is anything where one of the two is not there.
OF_ONE: Mapping[str, Sequence[int]] = {"recall": (1,), "value_recall": (1,), "specificity": (0,)}
OF_BOTH = ("precision", "f1", "roc_auc", "average_precision", "card_precision", "balanced_accuracy")
ADDED: Mapping[str, tuple[str, str]] = {
    "decision": ("no decision", "add `decision: COLUMN`, or `operating_point: {threshold: …}`, to the target's config"),
    "score": ("no score", "add `score: COLUMN` to the target's config"),
    "amount": ("no amount", "add `with: {amount: COLUMN}`"),
    "card": ("no card", "add `with: {card: COLUMN}`"),
    "probabilities": (
        "scores that are no probabilities, as some lie outside 0 to 1",
        "divide them, or name a column of probabilities",
    ),
}
READS: Mapping[str, str] = {
    **dict.fromkeys(("recall", "precision", "f1", "accuracy", "balanced_accuracy", "specificity"), "decision"),
    **dict.fromkeys(("true_positives", "false_positives", "true_negatives", "false_negatives"), "decision"),
    **dict.fromkeys(("roc_auc", "average_precision", "brier", "calibration", "log_loss"), "score"),
    "value_recall": "amount",
    "card_precision": "card",
}


def hold_to_classes(found: Measurement, data: Dataset, classes: Collection[object]) -> Measurement:
    """Return a measurement, or that it is undefined as no row has a label that it needs."""
    needed = OF_ONE.get(found.metric, (0, 1) if found.metric in OF_BOTH else ())
    lacking = [label for label in needed if label not in classes]
    return replace(found, failure=_of_class(found.metric, data, lacking[0])) if lacking else found


def unmeasured(data: Dataset, metrics: Sequence[str]) -> Iterator[Measurement]:
    """Yield why each of some metrics is not there."""
    for metric in metrics:
        if metric in READS:
            sample = samples.unmeasured("point")
            yield Measurement(metric=metric, sample=sample, better="higher", failure=_of_column(metric, data))


def _of_class(metric: str, data: Dataset, label: int) -> str:
    return (
        f"dataset {data.name!r}: no row has label {label} in {data.column('label')!r}, so {metric} says nothing of the "
        f"model; widen the window or check how the labels were joined"
    )


def _of_column(metric: str, data: Dataset) -> str:
    """Return what a metric lacks; an amount is of no use without a positive."""
    reads = READS[metric]
    if reads == "score" and data.roles.score:
        reads = "probabilities"
    found, todo = ADDED[reads]
    return f"dataset {data.name!r} has {found} to measure {metric!r} by; {todo}"
