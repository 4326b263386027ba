"""A check that Ragas makes without a language model, in an environment of its own."""

import asyncio
from collections.abc import Iterator, Mapping

from harness import Check, Dataset, HarnessError, Measurement, check, hookimpl, samples


@check("ragas.strings", metrics={"exact_match": "proportion", "similarity": "mean"})
def strings(data: Dataset, *, response: str, reference: str) -> Iterator[Measurement]:
    """Measure how like the answers are to those expected, letter by letter: equal, and Levenshtein's similarity."""
    from ragas.metrics.collections import ExactMatch, NonLLMStringSimilarity

    columns = [*([data.roles.id] if data.roles.id else []), *data.roles.cluster, response, reference]
    rows = data.rows(list(dict.fromkeys(columns)))
    pairs = list(zip(rows[reference].to_pylist(), rows[response].to_pylist(), strict=True))
    if any(not isinstance(text, str) for pair in pairs for text in pair):
        raise HarnessError(f"dataset {data.name!r}: {response!r} or {reference!r} has rows without a text; repair them")
    kept = {"id": rows[data.roles.id]} if data.roles.id else {}
    kept |= {f"cluster.{name}": rows[name] for name in data.roles.cluster}
    for metric, scorer in (("exact_match", ExactMatch()), ("similarity", NonLLMStringSimilarity())):
        scores = asyncio.run(_scores(scorer, pairs))
        table = type(rows).from_pydict({**kept, "y": scores})
        build = samples.rows.proportion if metric == "exact_match" else samples.rows.mean
        yield Measurement(metric=metric, unit="answers", sample=build(table))


async def _scores(scorer: object, pairs: list[tuple[str, str]]) -> list[float]:
    """Return the score of each pair, in their order; one that Ragas gives no number is NaN, which never passes."""
    found = [await scorer.ascore(reference=expected, response=given) for expected, given in pairs]  # type: ignore[attr-defined]
    return [float("nan") if each.value is None else float(each.value) for each in found]


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer one check."""
    return {"ragas.strings": strings}
