"""How well what was retrieved is ranked: of each question, and over all of them."""

import math
from collections.abc import Iterator, Sequence, Set

from harness import Dataset, HarnessError, Measurement, samples
from harness_rag.judged import with_y
from harness_rag.rows import Rows, read_rows

METRICS = {"recall": "mean", "mrr": "mean", "ndcg": "mean"}


def recall(found: Sequence[str], relevant: Set[str], k: int) -> float:
    """Return the share of the relevant ids that are among the first k found."""
    return len(relevant & set(found[:k])) / len(relevant)


def mrr(found: Sequence[str], relevant: Set[str], k: int) -> float:
    """Return 1 / the place of the first relevant id among the first k, or 0."""
    return next((1 / place for place, each in enumerate(found[:k], 1) if each in relevant), 0.0)


def ndcg(found: Sequence[str], relevant: Set[str], k: int) -> float:
    """Return the discounted gain of the first k over the best there could be; ids are relevant or not."""
    gain = sum(1 / math.log2(place + 1) for place, each in enumerate(found[:k], 1) if each in relevant)
    return gain / sum(1 / math.log2(place + 1) for place in range(1, min(k, len(relevant)) + 1))


def measure_ranking(data: Dataset, retrieved: str, relevant: str, ks: Sequence[int]) -> Iterator[Measurement]:
    """Yield recall, MRR and nDCG at each k; questions of one document count together, by `cluster` of the dataset."""
    rows = read_rows(data, {"retrieved": retrieved, "relevant": relevant})
    found = [tuple(dict.fromkeys(each or ())) for each in rows.lists("retrieved")]
    wanted = [frozenset(each or ()) for each in rows.lists("relevant")]
    missing = sum(not each for each in wanted)
    if missing:
        raise HarnessError(
            f"{missing} of {len(wanted)} questions of dataset {data.name!r} have no relevant id in {relevant!r}, so "
            f"nothing can be found for them; leave them out, or name what is relevant"
        )
    for k in ks:
        for metric, measure in (("recall", recall), ("mrr", mrr), ("ndcg", ndcg)):
            values = [measure(ids, good, k) for ids, good in zip(found, wanted, strict=True)]
            yield _measurement(metric, rows, values, {"k": str(k)} if len(ks) > 1 else {})


def _measurement(metric: str, rows: Rows, values: Sequence[float], labels: dict[str, str]) -> Measurement:
    sample = samples.rows.mean(with_y(rows, values), limits=(0.0, 1.0))
    return Measurement(metric=metric, sample=sample, unit="questions", labels=labels)
