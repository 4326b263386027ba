"""Judges answers of RAG and other LLM apps by judges whose own error is measured."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from harness import Check, Dataset, Endpoint, Measurement, UsageError, check, hookimpl
from harness_rag.answering import METRICS as OF_ANSWERS
from harness_rag.answering import Asked, measure_answers
from harness_rag.instruments import open_instrument
from harness_rag.invariants import METRICS as OF_INVARIANTS
from harness_rag.invariants import NO_RULE, measure_invariants, measure_own_rules, schema_rule, text_rules
from harness_rag.ranking import METRICS as OF_RANKING
from harness_rag.ranking import measure_ranking
from harness_rag.rows import ABSTENTIONS, Columns

File = Annotated[Path, Field(strict=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Place = Annotated[int, Field(ge=1)]
Texts = list[Annotated[str, Field(min_length=1)]]
JudgeName = Literal["grounded", "overlap", "embedding", "consistency", "llm"]


@check("rag.answers", metrics=OF_ANSWERS)
def answers(
    data: Dataset,
    *,
    answer: str = "answer",
    contexts: str = "contexts",
    question: str | None = None,
    gold: str | None = None,
    context_ids: str | None = None,
    gold_ids: str | None = None,
    answerable: str | None = None,
    status: str | None = None,
    human: str | None = None,
    judge: JudgeName = "grounded",
    endpoint: Endpoint | None = None,
    llm: File | None = None,
    calibration: File | None = None,
    relevance_calibration: File | None = None,
    abstentions: list[str] | None = None,
    refused_at_most: Share = 0.5,
    lost_at_most: Share = 0.05,
) -> Iterator[Measurement]:
    """Measure answers that are recorded with their contexts: whatever the named columns allow."""
    columns = Columns(
        answer=answer, contexts=contexts, question=question, gold=gold, context_ids=context_ids, gold_ids=gold_ids,
        answerable=answerable, status=status, human=human,
    )  # fmt: skip
    asked = Asked(
        judge=open_instrument(judge, endpoint, llm),
        calibrations={"faithfulness": calibration, "answer_relevance": relevance_calibration},
        abstentions=tuple(ABSTENTIONS if abstentions is None else abstentions),
        refused_at_most=refused_at_most,
        lost_at_most=lost_at_most,
    )
    yield from measure_answers(data, columns, asked)


@check("rag.retrieval", metrics=OF_RANKING)
def retrieval(
    data: Dataset, *, retrieved: str = "retrieved", relevant: str = "relevant", k: Place | list[Place] = 10
) -> Iterator[Measurement]:
    """Measure recall, MRR and nDCG of ranked ids against those that are relevant."""
    yield from measure_ranking(data, retrieved, relevant, list(dict.fromkeys(k)) if isinstance(k, list) else [k])


@check("rag.invariants", metrics=OF_INVARIANTS)
def invariants(
    data: Dataset,
    *,
    answer: str = "answer",
    must_contain: Texts = [],  # noqa: B006 - read only
    must_not_contain: Texts = [],  # noqa: B006
    regex: Texts = [],  # noqa: B006
    json_schema: File | None = None,
    own_rules: str | None = None,
) -> Iterator[Measurement]:
    """Measure the share of answers that keep each rule, those of their own row too; ask it of `scope: these`."""
    rules = dict(text_rules(must_contain, must_not_contain, regex))
    if json_schema is not None:
        rules["is JSON of the schema"] = schema_rule(json_schema)
    if not rules and own_rules is None:
        raise UsageError(NO_RULE)
    yield from measure_invariants(data, answer, rules)
    if own_rules is not None:
        yield measure_own_rules(data, answer, own_rules)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer the checks of answers, of retrieval and of what must always hold."""
    return {found.name: found for found in (answers, retrieval, invariants)}
