"""Measures how far each column has moved, from the profiles of both tables."""

from collections.abc import Iterator, Sequence

from harness import Dataset, HarnessError, Measurement, Profile, UsageError
from harness_drift import categories, numbers
from harness_drift.moved import Moved


def of(reference: Dataset, data: Dataset, columns: Sequence[str] | None) -> Iterator[Measurement]:
    """Yield the distances of the named columns, or of all that play no role."""
    there, here = reference.profile(columns), data.profile(columns)
    names = _shared(reference, data, there, here) if columns is None else columns
    for name in names:
        moved = Moved(
            reference=there[name],
            current=here[name],
            independent=rows_are_independent(reference) and rows_are_independent(data),
            labels={"column": name},
        )
        yield from of_column(moved)


def of_column(moved: Moved) -> Iterator[Measurement]:
    """Yield every distance that means something for the column's kind."""
    _comparable(moved)
    missing = {"k": moved.current.missing, "n": moved.current.rows}
    before = {"k_ref": moved.reference.missing, "n_ref": moved.reference.rows}
    yield moved.of_rates("missing", "gap", {**missing, **before})
    yield from categories.of(moved) if moved.current.kind == "text" else numbers.of(moved)


def rows_are_independent(data: Dataset) -> bool:
    """Tell whether each row counts by itself and as one."""
    return not data.roles.cluster and data.roles.weight is None


def _comparable(moved: Moved) -> None:
    name, kinds = moved.current.name, (moved.reference.kind, moved.current.kind)
    if kinds[0] != kinds[1]:
        raise HarnessError(
            f"column {name!r} is {kinds[0]} in the reference table and {kinds[1]} in the current one; convert one of "
            f"them, or name other `columns`"
        )
    for side, column in (("reference", moved.reference), ("current", moved.current)):
        if not column.present:
            raise HarnessError(
                f"column {name!r} has no value in any of the {column.rows} rows of the {side} table, so nothing can "
                f"be compared; repair it, or name other `columns`"
            )


def _shared(reference: Dataset, data: Dataset, there: Profile, here: Profile) -> Sequence[str]:
    roles = {*_played(reference), *_played(data)}
    left, right = ([name for name in side.columns if name not in roles] for side in (there, here))
    if set(left) != set(right) or not right:
        told = {reference.name: sorted(set(left) - set(right)), data.name: sorted(set(right) - set(left))}
        alone = "; ".join(f"{', '.join(names)} only in {name!r}" for name, names in told.items() if names)
        raise UsageError(
            f"the two tables have different columns: {alone or 'neither has any to compare'}; "
            f"name those to compare: `with: {{columns: [...]}}`"
        )
    return right


def _played(data: Dataset) -> set[str]:
    return {*data.roles.named().values(), *data.roles.cluster}
