"""Says of a run that rows stand in its data again under other ids."""

from collections.abc import Iterator

from harness.values.runs import Run


def describe_repeats(run: Run) -> Iterator[str]:
    """Yield a warning for each judged dataset in which more rows repeat others than chance makes."""
    for name, data in run.datasets.items():
        if data.judged and data.repeated:
            found = f"{data.repeated} of {data.rows} rows of {name!r} have the score, label and time of another"
            yield f"{run.suite}: {found}; if they are copies under new ids, it knows less than it says: remove them"
