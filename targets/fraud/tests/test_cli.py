"""The command leaves the files and the registered models it promises, or one line and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import mlflow
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from fraud_target.cli import main
from fraud_target.features import FEATURES
from fraud_target.files import Files
from fraud_target.model import scores_of, train

SMALL = ["--customers", "400", "--terminals", "2500", "--seed", "3", "--end", "2026-03-31"]
PAYMENT = ["transaction_id", "tx_time", "customer_id", "terminal_id", "amount", "channel", "age_band"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Files:
    files = Files(folder=tmp_path_factory.mktemp("fraud"))
    done = _call("prepare", *SMALL, "--out", str(files.folder))
    assert done.exit_code == 0, done.output
    return files


def _call(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"MLFLOW_TRACKING_URI": ""})


def test_prepare_leaves_its_files_and_no_other(prepared: Files) -> None:
    assert sorted(path.name for path in prepared.folder.iterdir()) == [
        "chargebacks.parquet",
        "features.parquet",
        "matured.parquet",
        "mlartifacts",
        "mlflow.db",
        "training.parquet",
        "transactions.parquet",
        "validation.parquet",
    ]


def test_judging_rows_carry_no_label(prepared: Files) -> None:
    columns = [*PAYMENT, *(name for name in FEATURES if name != "amount")]

    assert pq.read_schema(prepared.mature_rows).names == columns
    assert set(pq.read_schema(prepared.validation).names) == {*columns, "is_fraud"}
    assert set(pq.read_schema(prepared.training).names) == {*columns, "is_fraud"}


def test_no_row_both_tunes_and_judges(prepared: Files) -> None:
    ids = [set(pd.read_parquet(path)["transaction_id"]) for path in (prepared.validation, prepared.mature_rows)]

    assert ids[0].isdisjoint(ids[1])


def test_judging_rows_are_the_test_week_and_the_maturing_one(prepared: Files) -> None:
    times = pd.read_parquet(prepared.mature_rows)["tx_time"]

    assert (times.min().date().isoformat(), times.max().date().isoformat()) == ("2026-03-18", "2026-03-31")


def test_chargebacks_of_the_test_week_are_complete(prepared: Files) -> None:
    frauds = pd.read_parquet(prepared.transactions).query("is_fraud == 1 and tx_time < '2026-03-25'")
    reported = pd.read_parquet(prepared.chargebacks)["transaction_id"]

    assert set(frauds["transaction_id"]) <= set(reported)


def test_both_models_are_served_as_probabilities(prepared: Files) -> None:
    mlflow.set_tracking_uri(prepared.tracking_uri)
    rows = pd.read_parquet(prepared.validation)
    for alias in ("champion", "challenger"):
        served = mlflow.pyfunc.load_model(f"models:/fraud@{alias}")
        expected = scores_of(train(alias, pd.read_parquet(prepared.training), rows, seed=3).classifier, rows)

        assert served.predict(rows[list(FEATURES)])[:, 1] == pytest.approx(expected)


def test_training_again_leaves_the_champion_alone(prepared: Files) -> None:
    client = mlflow.MlflowClient(prepared.tracking_uri)

    done = _call("train", "--seed", "3", "--out", str(prepared.folder))

    assert "kept champion: version 1" in done.output
    assert client.get_model_version_by_alias("fraud", "champion").version == 1
    assert client.get_model_version_by_alias("fraud", "challenger").version == 3


def test_steps_one_by_one_give_what_prepare_gives(prepared: Files, tmp_path: Path) -> None:
    steps = Files(folder=tmp_path)
    _call("simulate", *SMALL, "--out", str(tmp_path))
    _call("features", "--chunk-days", "5", "--out", str(tmp_path))

    assert steps.transactions.read_bytes() == prepared.transactions.read_bytes()
    assert pq.read_table(steps.features) == pq.read_table(prepared.features)


def test_simulation_ends_yesterday_unless_told(tmp_path: Path) -> None:
    _call("simulate", "--customers", "50", "--terminals", "500", "--days", "2", "--out", str(tmp_path))
    last = pd.read_parquet(Files(folder=tmp_path).transactions)["tx_time"].max()

    assert datetime.now(UTC).date() - last.date() <= timedelta(days=2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["simulate", "--days", "0"], "Error: days must be more than 0, found 0"),
        (["simulate", "--end", "31.3.2026"], "asked for a day as YYYY-MM-DD or `yesterday`, found '31.3.2026'"),
        (["simulate", "--plant", "schemma"], "'schemma' is not one of 'schema', 'concept'"),
        (["features"], "transactions.parquet is missing; `fraud-target simulate` with the same --out writes it"),
        (["train"], "features.parquet is missing; `fraud-target features` with the same --out writes it"),
    ],
)
def test_refusal_is_one_line_and_leaves_nothing(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = _call(*arguments, "--out", str(tmp_path))

    assert done.exit_code != 0
    assert said in done.output
    assert "Traceback" not in done.output
    assert list(tmp_path.iterdir()) == []


def test_too_few_days_to_train_say_how_many_are_needed(tmp_path: Path) -> None:
    _call("simulate", *SMALL, "--days", "60", "--out", str(tmp_path))
    _call("features", "--out", str(tmp_path))

    done = _call("train", "--out", str(tmp_path))

    assert "take 42 days of features, found 23" in done.output
    assert "simulate --days 79 or more" in done.output
