"""Which numbers each check of deepchecks finds, where in its value they stand, and what kind of number they are."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Numbers = Iterable[tuple[Mapping[str, str], float]]
OUTLIER = 0.7  # the score from which on deepchecks' own condition calls a row an outlier


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A check of deepchecks by the name of its class, and how the numbers in its value are read.

    A number is `exact` where it describes the very rows that were given, and a `point` where it estimates something
    of which nobody knows an interval. `needs` names the roles without which it cannot run.
    """

    check: str
    statistic: Literal["exact", "point"]
    read: Callable[[Any], Numbers]
    better: Literal["higher", "lower"] = "lower"
    needs: frozenset[str] = frozenset()


def number(value: Any) -> Numbers:
    """Return a value that is a number."""
    return [({}, float(value))]


def by_column(pick: Callable[[Any], float] = float) -> Callable[[Mapping[str, Any]], Numbers]:
    """Return what reads a number from the value of each column."""
    return lambda value: [({"column": str(column)}, float(pick(found))) for column, found in value.items()]


def of_part(name: str, read: Callable[[Any], Numbers] = number) -> Callable[[Mapping[str, Any]], Numbers]:
    """Return what reads one part of a value."""
    return lambda value: read(value[name])


def rarer_kind(mix: Mapping[str, float]) -> float:
    """Return the share of the rarer of texts and numbers in a column; 0 where there is one kind."""
    return min(mix["strings"], mix["numbers"]) if mix else 0.0


def odd_lengths(found: Mapping[str, Any]) -> float:
    """Return how many texts of a column are of an unusual length."""
    return float(sum(part["n_samples"] for part in found["outliers"]))


def pairs(table: Any) -> Iterator[tuple[Mapping[str, str], float]]:
    """Yield the correlation of each two columns."""
    names = [str(name) for name in table.columns]
    for at, name in enumerate(names):
        for other in names[at + 1 :]:
            yield {"column": name, "other": other}, float(table.loc[name, other])


def outliers(scores: Any) -> Numbers:
    """Return the share of rows whose outlier score is high."""
    return [({}, sum(score >= OUTLIER for score in scores) / len(scores))]


def new_categories(table: Any) -> Iterator[tuple[Mapping[str, str], float]]:
    """Yield the share of rows with a category that the other rows have not, by column."""
    for column, row in table.iterrows():
        yield {"column": str(column)}, float(row["Ratio of New Categories"])


def new_labels(value: Mapping[str, Any]) -> Numbers:
    """Return the share of rows with a label that the other rows have not."""
    return [({}, value["n_new_labels_samples"] / value["n_samples"])]


def performance(table: Any) -> Iterator[tuple[Mapping[str, str], float]]:
    """Yield each metric of deepchecks' own by class, and by dataset where it has two."""
    for row in table.to_dict("records"):
        labels = {"measure": str(row["Metric"])} | ({} if row["Class"] is None else {"class": str(row["Class"])})
        yield labels | ({"rows": str(row["Dataset"]).lower()} if "Dataset" in row else {}), float(row["Value"])


def by_class(value: Mapping[Any, float]) -> Numbers:
    """Return a number for each class."""
    return [({"class": str(name)}, float(found)) for name, found in value.items()]


def confusion(table: Any) -> Iterator[tuple[Mapping[str, str], float]]:
    """Yield how many rows of each class were called what."""
    for actual in table.index:
        for called in table.columns:
            yield {"class": str(actual), "called": str(called)}, float(table.loc[actual, called])


def simple_models(value: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, str], float]]:
    """Yield what the candidate and a simple model score, by measure and class."""
    for measure, classes in value["scores"].items():
        for name, scores in classes.items():
            for model, score in scores.items():
                yield {"measure": str(measure), "class": str(name), "model": str(model).lower()}, float(score)


LABEL, TIME, ID = frozenset({"label"}), frozenset({"time"}), frozenset({"id"})
INTEGRITY: Mapping[str, Reading] = {
    "distinct_values": Reading(check="IsSingleValue", statistic="exact", read=by_column(), better="higher"),
    "special_characters": Reading(check="SpecialCharacters", statistic="exact", read=by_column()),
    "kinds_of_nulls": Reading(check="MixedNulls", statistic="exact", read=of_part("columns", by_column(len))),
    "mixed_types": Reading(check="MixedDataTypes", statistic="exact", read=by_column(rarer_kind)),
    "spellings": Reading(check="StringMismatch", statistic="exact", read=of_part("columns", by_column(len))),
    "duplicates": Reading(check="DataDuplicates", statistic="exact", read=number),
    "odd_lengths": Reading(check="StringLengthOutOfBounds", statistic="exact", read=by_column(odd_lengths)),
    "conflicting_labels": Reading(
        check="ConflictingLabels", statistic="exact", read=of_part("percent_of_conflicting_samples"), needs=LABEL
    ),
    "outliers": Reading(check="OutlierSampleDetection", statistic="point", read=outliers),
    "label_correlation": Reading(check="FeatureLabelCorrelation", statistic="point", read=by_column(), needs=LABEL),
    "correlation": Reading(check="FeatureFeatureCorrelation", statistic="point", read=pairs),
    "identifier_correlation": Reading(
        check="IdentifierLabelCorrelation", statistic="point", read=by_column(), needs=LABEL | ID
    ),
}
TRAIN_TEST: Mapping[str, Reading] = {
    "rows": Reading(
        check="DatasetsSizeComparison",
        statistic="exact",
        read=lambda value: [({"rows": str(name).lower()}, float(n)) for name, n in value.items()],
        better="higher",
    ),
    "new_labels": Reading(check="NewLabelTrainTest", statistic="exact", read=new_labels, needs=LABEL),
    "new_categories": Reading(check="NewCategoryTrainTest", statistic="exact", read=new_categories),
    "new_spellings": Reading(check="StringMismatchComparison", statistic="exact", read=by_column(len)),
    "date_duplicates": Reading(check="DateTrainTestLeakageDuplicates", statistic="exact", read=number, needs=TIME),
    "date_overlap": Reading(check="DateTrainTestLeakageOverlap", statistic="exact", read=number, needs=TIME),
    "shared_ids": Reading(check="IndexTrainTestLeakage", statistic="exact", read=number, needs=ID),
    "shared_rows": Reading(check="TrainTestSamplesMix", statistic="exact", read=of_part("ratio")),
    "label_correlation_change": Reading(
        check="FeatureLabelCorrelationChange",
        statistic="point",
        read=of_part("train-test difference", by_column()),
        needs=LABEL,
    ),
    "drift": Reading(check="FeatureDrift", statistic="point", read=by_column(lambda found: found["Drift score"])),
    "label_drift": Reading(check="LabelDrift", statistic="point", read=of_part("Drift score"), needs=LABEL),
    "multivariate_drift": Reading(
        check="MultivariateDrift", statistic="point", read=of_part("domain_classifier_drift_score")
    ),
}
EVALUATION: Mapping[str, Reading] = {
    "performance": Reading(check="SingleDatasetPerformance", statistic="point", read=performance, better="higher"),
    "roc_auc": Reading(check="RocReport", statistic="point", read=by_class, better="higher"),
    "confusion": Reading(check="ConfusionMatrixReport", statistic="exact", read=confusion),
    "calibration": Reading(check="CalibrationScore", statistic="point", read=by_class),
}
WITH_TRAIN: Mapping[str, Reading] = {
    "train_test_performance": Reading(
        check="TrainTestPerformance", statistic="point", read=performance, better="higher"
    ),
    "prediction_drift": Reading(check="PredictionDrift", statistic="point", read=of_part("Drift score")),
    "simple_models": Reading(check="SimpleModelComparison", statistic="point", read=simple_models, better="higher"),
}
