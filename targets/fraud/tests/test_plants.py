"""Planted faults show where they were planted and nowhere else."""

from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pytest
from fraud_target.features import add_features
from fraud_target.model import boosting, fit, scores_of

Make = Callable[..., pa.Table]
PLANTED = "2026-03-18"


def test_broken_schema_shows_in_the_last_window_only(payments: Make) -> None:
    table = payments(plant="schema").to_pandas()
    before, after = table[table["tx_time"] < PLANTED], table[table["tx_time"] >= PLANTED]

    assert (before["amount"] >= 0).all()
    assert set(before["channel"]) == {"pos", "web", "atm"}
    assert (after["amount"] < 0).mean() == pytest.approx(0.02, abs=0.008)
    assert (after["channel"] == "moto").mean() == pytest.approx(0.02, abs=0.008)
    assert after["channel"].isna().mean() == pytest.approx(0.02, abs=0.008)


def test_broken_schema_delivers_customer_ids_as_text(payments: Make) -> None:
    assert payments(plant="schema", days=2).schema.field("customer_id").type == pa.string()


def test_features_survive_a_broken_schema(payments: Make) -> None:
    broken, sound = add_features(payments(plant="schema")), add_features(payments())

    assert broken["customer_count_30d"] == sound["customer_count_30d"]
    assert broken["terminal_risk_30d"] == sound["terminal_risk_30d"]


def test_changed_concept_leaves_every_input_as_it_was(payments: Make) -> None:
    inputs = ["transaction_id", "tx_time", "customer_id", "terminal_id", "amount", "channel"]

    assert payments(plant="concept").select(inputs) == payments().select(inputs)


def test_changed_concept_keeps_the_number_of_frauds_a_day(payments: Make) -> None:
    planted, plain = payments(plant="concept").to_pandas(), payments().to_pandas()
    day = plain["tx_time"].dt.floor("D")

    assert planted.groupby(day)["is_fraud"].sum().equals(plain.groupby(day)["is_fraud"].sum())
    assert planted[day < PLANTED].equals(plain[day < PLANTED])
    assert set(planted[day >= PLANTED]["scenario"]) == {0, 4}


def test_changed_concept_blinds_a_trained_model(payments: Make) -> None:
    rates = {"customers": 500, "days": 60, "terminal_hit_share": 0.001, "customer_hit_share": 0.01}
    plain = add_features(payments(**rates)).to_pandas()
    planted = add_features(payments(**rates, plant="concept")).to_pandas()
    model = fit(boosting(0), plain[plain["tx_time"] < PLANTED])

    def recall(table: pd.DataFrame) -> float:
        late = table[table["tx_time"] >= PLANTED]
        scores = scores_of(model, late)
        return float((scores >= sorted(scores)[-len(scores) // 50])[late["is_fraud"] == 1].mean())

    assert recall(plain) > 0.4
    assert recall(planted) < 0.2


@pytest.mark.parametrize(
    ("plant", "factors"), [("bias", {"65+": 3.0, "25-44": 1.0}), ("drift", {"65+": 1.5, "25-44": 1.5})]
)
def test_raised_amounts_are_those_of_genuine_payments(payments: Make, plant: str, factors: dict[str, float]) -> None:
    planted, plain = payments(plant=plant).to_pandas(), payments().to_pandas()
    late = (plain["tx_time"] >= PLANTED) & (plain["is_fraud"] == 0)

    for band, factor in factors.items():
        struck = late & (plain["age_band"] == band)
        assert (plain["amount"] * factor)[struck].round(2).tolist() == pytest.approx(
            planted["amount"][struck].tolist(), abs=0.011
        )
    assert planted[~late].equals(plain[~late])


def test_age_bands_belong_to_customers_and_change_nothing_else(payments: Make) -> None:
    table = payments().to_pandas()

    assert 1 == table.groupby("customer_id")["age_band"].nunique().max()
    assert {"18-24", "25-44", "45-64", "65+"} == set(table["age_band"])
