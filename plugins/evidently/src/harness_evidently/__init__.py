"""Checks that Evidently makes: its numbers on tables, in an environment of their own."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from harness import Check, Dataset, HarnessError, Measurement, check, hookimpl, samples

if TYPE_CHECKING:
    import evidently

Method = Literal["jensenshannon", "psi", "hellinger"]  # distances of both kinds of columns, better low
WORDS = ("VARCHAR", "BOOLEAN", "ENUM")


@check("evidently.drift", metrics={"drift": "point"})
def drift(
    data: Dataset, reference: Dataset, *, columns: list[str] | None = None, method: Method = "jensenshannon"
) -> Iterator[Measurement]:
    """Measure how far each column lies from that of other rows, by one of Evidently's distances."""
    from evidently.metrics import ValueDrift

    names = _columns(data, columns)
    metrics = [ValueDrift(column=name, method=method) for name in names]
    found = _run(metrics, _table(data, names), _table(reference, names))
    for name, each in _by_column(names, found).items():
        sample = samples.point(value=each, n=data.size)
        yield Measurement(metric="drift", better="lower", labels={"column": name}, sample=sample)


@check("evidently.missing", metrics={"missing": "exact"})
def missing(data: Dataset, *, columns: list[str] | None = None) -> Iterator[Measurement]:
    """Measure the share of rows in which a column has no value."""
    from evidently.metrics import MissingValueCount

    names = _columns(data, columns)
    found = _run([MissingValueCount(column=name) for name in names], _table(data, names), None)
    for name, each in _by_column(names, found).items():
        sample = samples.exact(value=each["share"], n=data.size)
        yield Measurement(metric="missing", better="lower", labels={"column": name}, sample=sample)


def _columns(data: Dataset, columns: list[str] | None) -> list[str]:
    """Return the columns asked for; by default all that play no role."""
    playing = {name for name in vars(data.roles).values() if isinstance(name, str)} | {*data.roles.cluster}
    return columns if columns is not None else [name for name in data.columns if name not in playing]


def _table(data: Dataset, columns: list[str]) -> "evidently.Dataset":
    """Return rows as Evidently takes them: texts, and what is true or false, are categories."""
    import evidently

    table = data.rows(columns).to_pandas()
    words = [name for name in columns if data.columns[name].startswith(WORDS)]
    numbers = [name for name in columns if name not in words]
    definition = evidently.DataDefinition(numerical_columns=numbers, categorical_columns=words)
    return evidently.Dataset.from_pandas(table, data_definition=definition)


def _run(metrics: list[Any], current: "evidently.Dataset", reference: "evidently.Dataset | None") -> list[Any]:
    import evidently

    found: list[Any] = evidently.Report(metrics).run(current, reference).dict()["metrics"]
    return found


def _by_column(asked: list[str], found: list[Any]) -> Mapping[str, Any]:
    """Return the value of each column that was asked for; Evidently leaves out what it cannot measure."""
    values = {each["config"]["column"]: each["value"] for each in found}
    left_out = [name for name in asked if name not in values]
    if left_out:
        raise HarnessError(f"Evidently says nothing of {', '.join(left_out)}; leave it out by `columns:`")
    return values


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer two checks."""
    return {each.name: each for each in (drift, missing)}
