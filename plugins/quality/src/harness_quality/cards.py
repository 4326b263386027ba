"""Card precision of the Fraud Detection Handbook: what investigators find who check so many cards a day."""

from collections.abc import Hashable, Iterable, Iterator
from itertools import groupby, islice

import pyarrow as pa

from harness import Dataset, HarnessError, Measurement, UsageError, samples

CardDay = tuple[object, Hashable, float]


def card_precision(data: Dataset, card: str, k: int) -> Measurement:
    """Return the mean over days of the share of `k` checked cards that were defrauded.

    A day's cards are ranked by their highest score, ties by card; a card found out is not checked on later days.
    A point: what one day finds is taken from the next, so days are no independent observations, nor are cards.
    """
    data.must_have([card])
    if data.roles.weight is not None:
        raise UsageError(
            f"card_precision counts every card that is checked and cannot take weights; found `weight: "
            f"{data.roles.weight}` on dataset {data.name!r}; leave out `card`, or use a dataset without weights"
        )
    shares = list(_shares(_rank_cards(data, card), k))
    sample = samples.point(value=sum(shares) / len(shares), n=len(shares))
    return Measurement(metric="card_precision", sample=sample, unit="days")


def _shares(ranked: Iterable[CardDay], k: int) -> Iterator[float]:
    found: set[Hashable] = set()
    for _, cards in groupby(ranked, key=lambda each: each[0]):
        checked = list(islice((each for each in cards if each[1] not in found), k))
        defrauded = {name for _, name, label in checked if label == 1}
        found |= defrauded
        yield len(defrauded) / k


def _rank_cards(data: Dataset, card: str) -> Iterator[CardDay]:
    """Yield day, card and label, day by day, the highest score first."""
    rows = _card_days(data, card).group_by(["day", "card"]).aggregate([("score", "max"), ("label", "max")])
    order = [("day", "ascending"), ("score_max", "descending"), ("card", "ascending")]
    for batch in rows.sort_by(order).select(["day", "card", "label_max"]).to_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _card_days(data: Dataset, card: str) -> pa.Table:
    when, score, label = data.column("time"), data.column("score"), data.column("label")
    rows = data.rows(list(dict.fromkeys((card, when, score, label))))
    if rows[card].null_count:
        raise HarnessError(f"dataset {data.name!r}: {rows[card].null_count} rows have no card in {card!r}; repair them")
    if not pa.types.is_temporal(rows[when].type) or pa.types.is_time(rows[when].type):
        raise HarnessError(
            f"dataset {data.name!r}: card_precision counts days, so time {when!r} must be a timestamp or a date; "
            f"found {rows[when].type}"
        )
    columns = {"day": rows[when].cast(pa.date32(), safe=False), "card": rows[card], "score": rows[score]}
    return pa.table({**columns, "label": rows[label].cast(pa.float64())})
