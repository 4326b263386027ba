"""Measures how far each column has moved, from the profiles of both tables."""

from collections.abc import Iterator, Sequence

from harness import Dataset, HarnessError, Measurement, Profile, UsageError, samples
from harness_drift import categories, codes, numbers, rounded
from harness_drift.column_pair import Moved, dependent, failure_measurement

OF_TEXT = ("psi", "js", "total_variation", "chi_square", "new_categories")
OF_NUMBERS = ("psi", "js", "ks", "wasserstein")
EVERY_METRIC = ("missing", *dict.fromkeys([*OF_TEXT, *OF_NUMBERS]))


def measure(
    reference: Dataset, data: Dataset, columns: Sequence[str] | None, coded: Sequence[str] = ()
) -> Iterator[Measurement]:
    """Yield the distances of the named columns, or of all that play no role; what cannot be compared says why.

    Numbers in `coded` columns are compared as text is.
    """
    there, here = reference.profile(columns), data.profile(columns)
    names = _all(reference, data, there, here) if columns is None else columns
    _refuse_uncompared(coded, names)
    there, here = (codes.as_categories(side, coded, table.name) for side, table in ((there, reference), (here, data)))
    depends = dependent(reference) or dependent(data)
    for name in names:
        if name in there.columns and name in here.columns:
            types = ["", ""] if name in coded else [side.columns.get(name, "") for side in (reference, data)]
            yield from measure_column(
                Moved(reference=there[name], current=here[name], depends=depends, types=types, labels={"column": name})
            )
        else:
            yield from _lone_column_failures(name, reference if name in there.columns else data)


def _refuse_uncompared(coded: Sequence[str], names: Sequence[str]) -> None:
    for name in coded:
        if name not in names:
            raise UsageError(f"`categories` names {name!r}, which is none of the columns compared: {', '.join(names)}")


def measure_column(moved: Moved) -> Iterator[Measurement]:
    """Yield every distance that means something for the column's kind; one without any says why."""
    now, before = moved.current, moved.reference
    missing = samples.gap(k=now.missing, n=now.rows, k_ref=before.missing, n_ref=before.rows)
    yield moved.measure_rate("missing", missing)
    try:
        found = list(_distances(moved))
    except HarnessError as error:
        kinds = {moved.reference.kind, moved.current.kind}
        of_kinds = [*(OF_TEXT if "text" in kinds else ()), *(OF_NUMBERS if kinds - {"text"} else ())]
        found = [failure_measurement(metric, str(error), moved.labels) for metric in dict.fromkeys(of_kinds)]
    yield from found


def _distances(moved: Moved) -> Iterator[Measurement]:
    _comparable(moved)
    if moved.current.kind == "text":
        yield from categories.measure(moved)
    else:
        yield from (codes.tell_new(moved, found) for found in numbers.measure(moved))


def _comparable(moved: Moved) -> None:
    name, kinds = moved.current.name, (moved.reference.kind, moved.current.kind)
    for side, column in (("reference", moved.reference), ("current", moved.current)):
        if not column.present:
            raise HarnessError(
                f"column {name!r} has no value in any of the {column.rows} rows of the {side} table, so nothing can "
                f"be compared; repair it, or name other `columns`"
            )
    if kinds[0] != kinds[1]:
        raise HarnessError(
            f"column {name!r} is {kinds[0]} in the reference table and {kinds[1]} in the current one; convert one of "
            f"them, or name other `columns`"
        )
    rounded.refuse((moved.reference, moved.current), moved.types)


def _all(reference: Dataset, data: Dataset, there: Profile, here: Profile) -> Sequence[str]:
    """Return the columns of either side that play no role."""
    roles = {*_role_columns(reference), *_role_columns(data)}
    left, right = ([name for name in side.columns if name not in roles] for side in (there, here))
    if not {*left} & {*right}:
        raise UsageError(
            f"the two tables have no column in common to compare: {', '.join(left) or 'none'} in {reference.name!r}, "
            f"{', '.join(right) or 'none'} in {data.name!r}; name a reference that has the same columns"
        )
    return [*right, *(name for name in left if name not in right)]


def _lone_column_failures(name: str, only: Dataset) -> Iterator[Measurement]:
    reason = (
        f"column {name!r} is only in {only.name!r}, so there is nothing to compare it with; "
        f"name those to compare: `with: {{columns: [...]}}`"
    )
    for metric in EVERY_METRIC:
        yield failure_measurement(metric, reason, {"column": name})


def _role_columns(data: Dataset) -> set[str]:
    return {*data.roles.single_columns().values(), *data.roles.cluster}
