"""The options that the steps of `fraud-target` share."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from fraud_target.files import Files
from fraud_target.process import PLANTS, Process

Command = Callable[..., None]


def _day(context: click.Context, parameter: click.Parameter, text: str) -> date:
    """Return the day a person wrote; `yesterday` is the last day that is over in UTC."""
    if text == "yesterday":
        return datetime.now(UTC).date() - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"asked for a day as YYYY-MM-DD or `yesterday`, found {text!r}") from None


def _folder(context: click.Context, parameter: click.Parameter, folder: Path) -> Files:
    """Return the files of a folder, made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    return Files(folder=folder)


OUT = click.option(
    "--out",
    "files",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("fraud-data"),
    show_default=True,
    callback=_folder,
    help="Folder of all files, read and written.",
)
SEED = click.option("--seed", type=int, default=Process.seed, show_default=True, help="Same seed, same bytes.")
TRACKING_URI = click.option(
    "--tracking-uri", envvar="MLFLOW_TRACKING_URI", help="MLflow store; default: mlflow.db in the folder."
)
ALERT_RATE = click.option(
    "--alert-rate", type=float, default=0.02, show_default=True, help="Share of payments the threshold alerts on."
)
RATES = (
    SEED,
    click.option("--end", callback=_day, default="yesterday", show_default=True, help="Last day, YYYY-MM-DD."),
    click.option("--days", type=int, default=Process.days, show_default=True),
    click.option("--customers", type=int, default=Process.customers, show_default=True),
    click.option("--terminals", type=int, default=Process.terminals, show_default=True),
    click.option("--plant", type=click.Choice(PLANTS), help="Plant a fault in the last two weeks."),
)


@contextmanager
def refusals_told() -> Iterator[None]:
    """Turn a refusal into one line for the person who asked."""
    try:
        yield
    except ValueError as refusal:
        raise click.ClickException(str(refusal)) from refusal


def simulation_options(command: Command) -> Command:
    """Give a command the options of the simulation, as one `process`."""

    @functools.wraps(command)
    def with_process(
        *, seed: int, end: date, days: int, customers: int, terminals: int, plant: str | None, **others: Any
    ) -> None:
        with refusals_told():
            process = Process(seed=seed, end=end, days=days, customers=customers, terminals=terminals, plant=plant)
        command(process=process, **others)

    return functools.reduce(lambda inner, option: option(inner), reversed(RATES), with_process)
