"""Runs checks of deepchecks on rows and predictions, and makes measurements of all that they found."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import Dataset, HarnessError, Measurement, samples
from harness_deepchecks.numbers import Reading

if TYPE_CHECKING:
    import pandas as pd
    from deepchecks.tabular import Dataset as Rows

WORDS = ("VARCHAR", "BOOLEAN", "ENUM")
ROLES = ("label", "id", "time")
SEED = 42  # as most of its checks have by default
REPORT = Path("deepchecks.html")


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a suite asks: which columns are features, which of them categories, and which checks are left out."""

    columns: Sequence[str] | None = None
    categorical: Sequence[str] | None = None
    labels: str = "binary"
    without: Sequence[str] = ()
    report: bool = False
    scored: bool = False

    def features(self, data: Dataset) -> list[str]:
        """Return the columns that are features; by default all that play no role."""
        playing = {name for role, name in vars(data.roles).items() if isinstance(name, str)} | {*data.roles.cluster}
        return list(self.columns) if self.columns is not None else [n for n in data.columns if n not in playing]

    def categories(self, data: Dataset) -> list[str]:
        """Return the features that are categories; by default those that are texts or true and false."""
        wanted = self.categorical
        names = [name for name in self.features(data) if data.columns.get(name, "").startswith(WORDS)]
        return names if wanted is None else list(wanted)


def run_checks(
    readings: Mapping[str, Reading], given: Given, data: Dataset, train: Dataset | None = None
) -> Iterator[Measurement]:
    """Yield a measurement of each number; a check that did not run is an error, unless it was left out."""
    chosen = _choose(readings, given, [data] if train is None else [data, train])
    found = _run(chosen, given, data, train)
    evidence = {"report": REPORT.absolute()} if given.report else {}
    for metric, reading in chosen.items():
        for labels, value in reading.read(found[reading.check]):
            build = samples.exact if reading.statistic == "exact" else samples.point
            yield Measurement(
                metric=metric,
                labels=labels,
                better=reading.better,
                sample=build(value=value, n=data.size),
                evidence=evidence,  # type: ignore[arg-type]  # a file, which the host keeps
            )
            evidence = {}


def _choose(readings: Mapping[str, Reading], given: Given, datasets: Sequence[Dataset]) -> Mapping[str, Reading]:
    """Return the checks that the roles of the datasets allow, less those left out."""
    unknown = sorted(set(given.without) - {*readings})
    if unknown:
        raise HarnessError(f"deepchecks has no {unknown[0]!r} to leave out here; there is {', '.join(readings)}")
    playing = [{role for role, name in vars(data.roles).items() if name} for data in datasets]
    return {
        metric: reading
        for metric, reading in readings.items()
        if metric not in given.without and all(reading.needs <= roles for roles in playing)
    }


def _run(readings: Mapping[str, Reading], given: Given, data: Dataset, train: Dataset | None) -> Mapping[str, Any]:
    """Return the value of each check by its class."""
    from deepchecks.tabular import Suite, checks

    suite = Suite("promotion-harness", *(_seeded(getattr(checks, each.check)) for each in readings.values()))
    sides = {"train": data} if train is None else {"train": train, "test": data}
    tables = {side: each.rows().to_pandas() for side, each in sides.items()}
    roles = _shared_roles([*sides.values()])
    asked: dict[str, Any] = {f"{side}_dataset": _rows(given, sides[side], tables[side], roles) for side in sides}
    if given.scored:
        asked |= {key: part for side in sides for key, part in _predictions(side, sides[side], tables[side]).items()}
    only = {"run_single_dataset": "Test"} if given.scored and train else {}
    result = suite.run(with_display=given.report, **asked, **only)
    _refuse_failures(result.results, readings)
    if given.report:
        result.save_as_html(str(REPORT), as_widget=False, connected=False)
    return {type(each.check).__name__: each.value for each in result.results}


def _seeded(check: Callable[..., Any]) -> Any:
    """Return a check that draws the same rows each time; by default some draw others."""
    return check(random_state=SEED) if "random_state" in inspect.signature(check).parameters else check()


def _refuse_failures(results: Sequence[Any], readings: Mapping[str, Reading]) -> None:
    """Refuse a run in which a check has no value: deepchecks lists it and goes on."""
    names = {reading.check: metric for metric, reading in readings.items()}
    values = {type(each.check).__name__ for each in results if getattr(each, "exception", None) is None}
    failed = {type(each.check).__name__: each.exception for each in results if getattr(each, "exception", None)}
    reasons = [f"{names[name]} ({failed.get(name, 'it gave no result')})" for name in names if name not in values]
    if reasons:
        raise HarnessError(f"deepchecks did not run {'; '.join(reasons)}; repair it, or leave it out by `without:`")


def _shared_roles(datasets: Sequence[Dataset]) -> frozenset[str]:
    """Return the roles that columns of all datasets play: deepchecks wants the same of both."""
    playing = [{role for role in ROLES if getattr(data.roles, role)} for data in datasets]
    return frozenset(set.intersection(*playing))


def _rows(given: Given, data: Dataset, table: "pd.DataFrame", shared: frozenset[str]) -> "Rows":
    """Return rows as deepchecks takes them, with the roles that are shared."""
    from deepchecks.tabular import Dataset as Rows

    features, roles = given.features(data), {role: getattr(data.roles, role) for role in shared}
    columns = [*features, *roles.values()]
    missing = [name for name in columns if name not in table]
    if missing:
        raise HarnessError(f"dataset {data.name!r} has no column {missing[0]!r}; it has {', '.join(map(str, table))}")
    return Rows(
        table[list(dict.fromkeys(columns))],
        features=features,
        cat_features=given.categories(data),
        label=roles.get("label"),
        label_type=given.labels if "label" in roles else None,
        index_name=roles.get("id"),
        datetime_name=roles.get("time"),
    )


def _predictions(side: str, data: Dataset, table: "pd.DataFrame") -> Mapping[str, Any]:
    """Return what the target said of each row: the chance of both classes, and its decision (default: from 0.5)."""
    import numpy as np

    data.column("label")
    score = table[data.column("score")].to_numpy(dtype=float)
    if not ((score >= 0) & (score <= 1)).all():
        raise HarnessError(f"deepchecks takes chances between 0 and 1; scores of {data.name!r} are beyond")
    decision = table[data.roles.decision].to_numpy() if data.roles.decision else score >= 0.5
    return {
        f"y_proba_{side}": np.column_stack([1 - score, score]),
        f"y_pred_{side}": decision.astype(int),
        "model_classes": [0, 1],
    }
