"""From one feature table to the rows that teach, tune and judge, and to registered models."""

from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from fraud_target.features import HISTORY_DAYS
from fraud_target.files import Files, read_between, time_range, write_parquet
from fraud_target.model import RECIPES, train
from fraud_target.periods import Periods
from fraud_target.registry import Registry

ANSWER = "scenario"
LABEL = "is_fraud"


def divide(files: Files, periods: Periods) -> None:
    """Write training, validation and judging rows; none holds the scenario, the last no label either."""
    opens, closes = time_range(files.features, "features")
    if (closes - opens).days < periods.days:
        raise ValueError(
            f"training, delay, validation, test and maturing take {periods.days} days of features, found "
            f"{(closes - opens).days} in {files.features}; simulate --days {HISTORY_DAYS + periods.days} or more"
        )
    for path, span, hidden in (
        (files.training, periods.training_span(closes), [ANSWER]),
        (files.validation, periods.validation_span(closes), [ANSWER]),
        (files.mature_rows, periods.judging_span(closes), [ANSWER, LABEL]),
    ):
        write_parquet(read_between(files.features, *span).drop_columns(hidden), path)


def train_models(
    files: Files, registry: Registry, periods: Periods, *, seed: int, alert_rate: float = 0.02
) -> Iterator[str]:
    """Train and register what is missing, and a new challenger; say what was done. A champion is left alone."""
    training, validation = _read(files.training), _read(files.validation)
    parameters = {
        "seed": seed,
        "alert_rate": alert_rate,
        "training_sha256": sha256(files.training.read_bytes()).hexdigest(),
        **{f"{period}_days": days for period, days in asdict(periods).items()},
    }
    for alias in RECIPES:
        if alias == "champion" and (standing := registry.version_of(alias)):
            yield f"kept champion: version {standing}"
            continue
        trained = train(alias, training, validation, seed=seed, alert_rate=alert_rate)
        made = registry.register(trained, alias=alias, parameters=parameters, rows=validation)
        yield f"trained {alias}: version {made}, AUC {trained.validation.roc_auc:.3f} on validation rows"


def _read(path: Path) -> pd.DataFrame:
    """Return a table in memory."""
    table: pd.DataFrame = pq.read_table(path).to_pandas()
    return table
