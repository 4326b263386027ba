"""Checks that Ragas makes, without a language model and with one as judge, in an environment of its own."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness import Check, Dataset, Endpoint, HarnessError, Measurement, check, hookimpl, samples
from harness_ragas.answers import (
    columns_of,
    read_answers,
    share_of_answers,
    share_of_statements,
    write_verdicts,
)


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


@check("ragas.faithfulness", metrics={"faithfulness": "mean", "supported": "proportion"})
def faithfulness(
    data: Dataset,
    *,
    judge: Endpoint,
    model: str,
    question: str = "question",
    response: str = "answer",
    contexts: str = "contexts",
) -> Iterator[Measurement]:
    """Measure which statements of answers their contexts imply, says a language model; a lost verdict is an error."""
    from harness_ragas.chat_model import ChatModel, judge_all
    from harness_ragas.faithfulness import FaithfulnessJudge

    columns = [question, response, contexts]
    rows = data.rows(columns_of(data, columns))
    answers, asked = read_answers(data, rows, columns), ChatModel(judge, model)
    verdicts = judge_all(FaithfulnessJudge(asked), answers)
    hits = [[verdict.said == "1" for verdict in found] for found in verdicts]
    whole = share_of_answers("faithfulness", data, rows, answers, [sum(each) / len(each) for each in hits])
    evidence: dict[str, Any] = {"judge": asked.said, "verdicts": write_verdicts(answers, verdicts)}
    yield replace(whole, evidence=evidence)
    yield share_of_statements("supported", data, rows, answers, hits)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer one check without a language model, and one with it."""
    return {"ragas.strings": strings, "ragas.faithfulness": faithfulness}
