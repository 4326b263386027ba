"""How well scores rank frauds, in the book's three measures."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The ranking quality of one model on one table."""

    roc_auc: float
    average_precision: float
    card_precision: float


def quality_of(payments: pd.DataFrame, scores: NDArray[np.float64], *, cards_a_day: int = 100) -> Quality:
    """Return the quality of scores for payments that carry their label."""
    return Quality(
        roc_auc=float(roc_auc_score(payments["is_fraud"], scores)),
        average_precision=float(average_precision_score(payments["is_fraud"], scores)),
        card_precision=card_precision(payments, scores, cards_a_day=cards_a_day),
    )


def card_precision(payments: pd.DataFrame, scores: NDArray[np.float64], *, cards_a_day: int = 100) -> float:
    """Return the share of defrauded cards among those checked a day; a card found out is never checked again."""
    scored = payments[["customer_id", "is_fraud"]].assign(score=scores, day=payments["tx_time"].dt.floor("D"))
    cards = scored.groupby(["day", "customer_id"])[["score", "is_fraud"]].max().reset_index("customer_id")
    found: set[int] = set()
    shares = []
    for _, day in cards.groupby(level="day"):
        checked = day[~day["customer_id"].isin(found)].nlargest(cards_a_day, "score")
        defrauded = checked[checked["is_fraud"] == 1]
        found |= set(defrauded["customer_id"])
        shares.append(len(defrauded) / cards_a_day)
    return float(np.mean(shares))
