"""Rows that teach, tune and judge are kept apart, with time for labels in between."""

from datetime import datetime, timedelta

import pandas as pd
from fraud_target.periods import Periods, rows_in, without_known_cards

CLOSES = datetime(2026, 4, 1)
DAY = timedelta(days=1)


def test_periods_count_back_from_the_close() -> None:
    periods = Periods(training=14, delay=7, validation=7, test=7, maturing=7)

    assert periods.days == 42
    assert periods.training_span(CLOSES) == (CLOSES - 42 * DAY, CLOSES - 28 * DAY)
    assert periods.validation_span(CLOSES) == (CLOSES - 21 * DAY, CLOSES - 14 * DAY)
    assert periods.judging_span(CLOSES) == (CLOSES - 14 * DAY, CLOSES)


def test_validation_begins_when_training_labels_are_mature() -> None:
    periods = Periods(delay=9)

    assert periods.validation_span(CLOSES)[0] - periods.training_span(CLOSES)[1] == 9 * DAY


def test_span_takes_its_first_instant_and_not_its_last() -> None:
    payments = pd.DataFrame({"tx_time": [CLOSES, CLOSES + DAY]})

    assert rows_in(payments, (CLOSES, CLOSES + DAY)).index.tolist() == [0]


def test_known_cards_leave_the_test_rows_when_their_report_is_in() -> None:
    training = (CLOSES, CLOSES + 7 * DAY)
    test = (CLOSES + 14 * DAY, CLOSES + 16 * DAY)
    seen = [(6, 1, 1), (7, 2, 1), (8, 3, 1), (14, 1, 0), (14, 2, 0), (15, 2, 0), (15, 3, 0)]
    payments = pd.DataFrame(
        [{"tx_time": CLOSES + day * DAY, "customer_id": card, "is_fraud": fraud} for day, card, fraud in seen]
    )

    left = without_known_cards(payments, test, training)

    assert left[["tx_time", "customer_id"]].to_numpy().tolist() == [
        [pd.Timestamp(CLOSES + 14 * DAY), 2],
        [pd.Timestamp(CLOSES + 15 * DAY), 3],
    ]
