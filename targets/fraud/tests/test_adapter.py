"""The target `fraud` keeps what every target must keep, and makes scoring requests of payments."""

import json
from datetime import datetime

import pytest
from fraud_target.adapter import FraudService, fraud

from harness import HarnessError, UsageError
from harness.testing import conformance, dataset

ROW = {
    "transaction_id": 1,
    "tx_time": datetime(2026, 3, 1),
    "customer_id": 2,
    "terminal_id": 3,
    "amount": 4.5,
    "channel": "web",
}


def test_conformance() -> None:
    conformance("fraud")


def test_a_payment_is_sent_without_the_columns_the_service_does_not_take() -> None:
    request = FraudService(datasets={}, url="http://127.0.0.1:1").request(ROW)

    assert {**{name: ROW[name] for name in ROW if name != "channel"}, "tx_time": "2026-03-01T00:00:00"} == json.loads(
        request.body
    )


def test_a_payment_without_a_terminal_cannot_be_sent() -> None:
    with pytest.raises(UsageError, match="terminal_id is missing"):
        FraudService(datasets={}, url="http://127.0.0.1:1").request(
            {n: v for n, v in ROW.items() if n != "terminal_id"}
        )


def test_a_url_that_does_not_answer_is_an_error() -> None:
    with (
        fraud({}, data="payments", url="http://127.0.0.1:1") as service,
        pytest.raises(HarnessError, match="service run"),
    ):
        service.identity()


def test_without_url_model_and_history_are_needed() -> None:
    with (
        pytest.raises(UsageError, match="takes `url`, or `model` and `history`"),
        fraud({}, data="payments", model="m"),
    ):
        pass


def test_payments_without_rows_start_nothing() -> None:
    rows = dataset({"tx_time": [datetime(2026, 3, 1)]})
    datasets = {"payments": rows.where("false")}

    with (
        pytest.raises(HarnessError, match="has no payments to send"),
        fraud({**datasets, "history": rows}, data="payments", model="m", history="history"),
    ):
        pass
