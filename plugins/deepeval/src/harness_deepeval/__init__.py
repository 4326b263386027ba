"""Checks that DeepEval makes, without a language model and with one as judge, in an environment of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness import Check, Dataset, Endpoint, HarnessError, Measurement, check, hookimpl, samples
from harness_deepeval.answers import (
    columns_of,
    read_answers,
    share_of_answers,
    share_of_statements,
    write_verdicts,
)


@check("deepeval.exact_match", metrics={"exact_match": "proportion"})
def exact_match(data: Dataset, *, response: str, reference: str) -> Iterator[Measurement]:
    """Measure how often an answer is the one expected, less spaces around it."""
    from deepeval.metrics import ExactMatchMetric
    from deepeval.test_case import LLMTestCase

    columns = [*([data.roles.id] if data.roles.id else []), *data.roles.cluster, response, reference]
    rows = data.rows(list(dict.fromkeys(columns)))
    pairs = list(zip(rows[reference].to_pylist(), rows[response].to_pylist(), strict=True))
    if any(not isinstance(text, str) for pair in pairs for text in pair):
        raise HarnessError(f"dataset {data.name!r}: {response!r} or {reference!r} has rows without a text; repair them")
    cases = [LLMTestCase(input="answer", actual_output=given, expected_output=expected) for expected, given in pairs]
    scores = [ExactMatchMetric().measure(case, _show_indicator=False) for case in cases]
    kept = {"id": rows[data.roles.id]} if data.roles.id else {}
    kept |= {f"cluster.{name}": rows[name] for name in data.roles.cluster}
    table = type(rows).from_pydict({**kept, "y": [float(score) for score in scores]})
    yield Measurement(metric="exact_match", unit="answers", sample=samples.rows.proportion(table))


@check("deepeval.faithfulness", metrics={"faithfulness": "mean", "supported": "proportion"})
def faithfulness(
    data: Dataset,
    *,
    judge: Endpoint,
    model: str,
    question: str = "question",
    response: str = "answer",
    contexts: str = "contexts",
) -> Iterator[Measurement]:
    """Measure which claims of answers agree with their contexts, says a language model; a lost verdict is an error."""
    from harness_deepeval.chat_model import ChatModel, judge_all
    from harness_deepeval.faithfulness import PASSING, FaithfulnessJudge

    columns = [question, response, contexts]
    rows = data.rows(columns_of(data, columns))
    answers, asked = read_answers(data, rows, columns), ChatModel(judge, model)
    verdicts = judge_all(FaithfulnessJudge(asked), answers)
    shares = [sum(verdict.said in PASSING for verdict in found) / len(found) for found in verdicts]
    evidence: dict[str, Any] = {"judge": asked.said, "verdicts": write_verdicts(answers, verdicts)}
    yield replace(share_of_answers("faithfulness", data, rows, answers, shares), evidence=evidence)
    hits = [[verdict.said == "yes" for verdict in found] for found in verdicts]
    yield share_of_statements("supported", data, rows, answers, hits)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer one check without a language model, and one with it."""
    return {"deepeval.exact_match": exact_match, "deepeval.faithfulness": faithfulness}
