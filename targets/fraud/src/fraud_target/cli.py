"""The command `fraud-target`: simulate payments, compute features, train models, or all three."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from fraud_target.features import write_features
from fraud_target.files import Files
from fraud_target.options import ALERT_RATE, OUT, SEED, TRACKING_URI, refusals_told, simulation_options
from fraud_target.periods import Periods
from fraud_target.process import Process
from fraud_target.serve import load, online, serve
from fraud_target.simulate import write_simulation


@click.group()
def main() -> None:
    """Simulate card payments, train the models that look for fraud in them, and serve one."""


main.add_command(load)
main.add_command(online)
main.add_command(serve)


@main.command()
@OUT
@simulation_options
def simulate(files: Files, process: Process) -> None:
    """Write transactions.parquet and chargebacks.parquet."""
    with refusals_told():
        _simulate(files, process)


@main.command()
@OUT
@click.option("--chunk-days", type=click.IntRange(1), default=28, show_default=True, help="Days held in memory.")
def features(files: Files, chunk_days: int) -> None:
    """Write features.parquet from transactions.parquet."""
    with refusals_told():
        _features(files, chunk_days)


@main.command()
@OUT
@SEED
@ALERT_RATE
@TRACKING_URI
def train(files: Files, seed: int, alert_rate: float, tracking_uri: str | None) -> None:
    """Divide features.parquet into periods, train the models and register them."""
    with refusals_told():
        _train(files, seed, alert_rate, tracking_uri)


@main.command()
@OUT
@simulation_options
@ALERT_RATE
@TRACKING_URI
def prepare(files: Files, process: Process, alert_rate: float, tracking_uri: str | None) -> None:
    """Simulate, compute features and train, in one go."""
    with refusals_told():
        _simulate(files, process)
        _features(files, chunk_days=28)
        _train(files, process.seed, alert_rate, tracking_uri)


def _simulate(files: Files, process: Process) -> None:
    """Simulate, and say how much."""
    with _progress_printer() as say:
        payments = write_simulation(process, files.transactions, files.chargebacks)
        say(f"simulated {payments:,} payments, {process.start} to {process.end}")


def _features(files: Files, chunk_days: int) -> None:
    """Compute features, and say for how many payments."""
    with _progress_printer() as say:
        payments = write_features(files.transactions, files.features, chunk_days=chunk_days)
        say(f"computed the features of {payments:,} payments")


def _train(files: Files, seed: int, alert_rate: float, tracking_uri: str | None) -> None:
    """Divide and train, and say what was registered."""
    with _progress_printer() as say:
        from fraud_target.registry import Registry  # noqa: PLC0415  mlflow takes seconds to import
        from fraud_target.training import divide, train_models  # noqa: PLC0415  imports mlflow too

        divide(files, Periods())
        store = tracking_uri or files.tracking_uri
        registry = Registry(tracking_uri=store, artifacts=files.artifacts if store.startswith("sqlite:") else None)
        for done in train_models(files, registry, Periods(), seed=seed, alert_rate=alert_rate):
            say(done)


@contextmanager
def _progress_printer() -> Iterator[Callable[[str], None]]:
    """Give a function that prints a line of progress with the seconds it took so far."""
    started = time.monotonic()
    yield lambda what: click.echo(f"{what} ({time.monotonic() - started:.0f} s)")
