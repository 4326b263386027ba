"""Which days train, which set the operating point and which judge; labels mature in between."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

Span = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Periods:
    """Lengths in days, counted back from the instant the data close."""

    training: int = 14
    delay: int = 7
    validation: int = 7
    test: int = 7
    maturing: int = 7

    @property
    def days(self) -> int:
        """Return the days with features that all periods need."""
        return self.training + self.delay + self.validation + self.test + self.maturing

    def training_span(self, closes: datetime) -> Span:
        """Return when training rows begin and end."""
        begin = closes - timedelta(days=self.days)
        return begin, begin + timedelta(days=self.training)

    def validation_span(self, closes: datetime) -> Span:
        """Return when validation rows begin and end: after the delay, before every row that judges."""
        begin = self.training_span(closes)[1] + timedelta(days=self.delay)
        return begin, begin + timedelta(days=self.validation)

    def judging_span(self, closes: datetime) -> Span:
        """Return when judging rows begin and end: the test days and those whose labels still mature."""
        return self.validation_span(closes)[1], closes


def rows_in(payments: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Return the payments of a span."""
    return payments[(payments["tx_time"] >= span[0]) & (payments["tx_time"] < span[1])]


def without_known_cards(payments: pd.DataFrame, test: Span, training: Span) -> pd.DataFrame:
    """Return the test rows as the book has them: day by day, without cards whose fraud was reported by then."""
    known = _fraud_victims(rows_in(payments, training))
    lag = test[0] - training[1] + timedelta(days=1)
    days = []
    begin = test[0]
    while begin < test[1]:
        known |= _fraud_victims(rows_in(payments, (begin - lag, begin - lag + timedelta(days=1))))
        today = rows_in(payments, (begin, begin + timedelta(days=1)))
        days.append(today[~today["customer_id"].isin(known)])
        begin += timedelta(days=1)
    return pd.concat(days)


def _fraud_victims(payments: pd.DataFrame) -> set[int]:
    """Return the customers with a fraud among the payments."""
    return set(payments.loc[payments["is_fraud"] == 1, "customer_id"])
