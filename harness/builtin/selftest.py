"""The check of `harness selftest`: how many frauds are caught and how well the score ranks, of simulated rows."""

from collections.abc import Iterator, Mapping

from harness import samples
from harness.data.datasets import Dataset
from harness.plugins.checks import Check, check
from harness.plugins.hooks import hookimpl
from harness.values.measurements import Measurement


@check("selftest.classifier", metrics={"recall": "proportion", "roc_auc": "auc"})
def classifier(data: Dataset) -> Iterator[Measurement]:
    """Measure recall and AUC of rows with columns y, caught and score."""
    caught = data.observations(y="caught", where="y = 1")
    yield Measurement(metric="recall", sample=samples.rows.proportion(caught), unit="frauds", event="caught")
    yield Measurement(metric="roc_auc", sample=samples.rows.auc(data.observations(y="y", score="score")))


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer the check to the self-test alone: no entry point names this module."""
    return {classifier.name: classifier}
