"""Measures detectors of personal data, toxicity, injection and refusals, what they find in answers, and attacks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from harness import Check, Dataset, Endpoint, Measurement, Target, UsageError, check, hookimpl

METRICS = {
    "precision": "proportion",
    "recall": "proportion",
    "specificity": "proportion",
    "f1": "f1",
    "roc_auc": "auc",
    "token_precision": "proportion",
    "token_recall": "proportion",
    "token_specificity": "proportion",
    "token_f1": "f1",
}
Threshold = Annotated[float, Field(allow_inf_nan=False)]
Canaries = Annotated[Sequence[str], Field(min_length=1)]


class Scored(BaseModel):
    """A detector that has scored the rows already: the column of its scores."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    score: str
    threshold: Threshold = 0.5


@check("guardrails.detector", metrics=METRICS)
def detector(
    data: Dataset,
    *,
    detector: str | Scored,
    text: str | None = None,
    spans: str | None = None,
    threshold: Threshold | None = None,
) -> Iterator[Measurement]:
    """Measure a detector alone on labelled text: ours by name, an installed package's, or a column of scores."""
    from harness_guardrails.labelled import measure_detector  # noqa: PLC0415 - models load when something is measured

    yield from measure_detector(data, detector, text, spans, threshold)


@check("guardrails.toxicity", metrics={"toxic": "judge_correction"})
def toxic_answers(
    data: Dataset,
    *,
    text: str,
    labels: str | None = None,
    detector: str = "toxicity",
    threshold: Threshold | None = None,
    calibration: Dataset | None = None,
) -> Iterator[Measurement]:
    """Measure the share of toxic answers, as people would say by `labels` of some or a `calibration`."""
    from harness_guardrails.answers import found_share, seek  # noqa: PLC0415

    sought = seek(detector, threshold)
    yield found_share(data, text, sought, labels, calibration, metric="toxic", event="were toxic")


@check("guardrails.refusals", metrics={"refused": "judge_correction"})
def refusals(
    data: Dataset,
    *,
    text: str,
    labels: str | None = None,
    detector: str = "refusal",
    threshold: Threshold | None = None,
    calibration: Dataset | None = None,
) -> Iterator[Measurement]:
    """Measure the share of answers that refuse, best to harmless questions, corrected by people's labels."""
    from harness_guardrails.answers import found_share, seek  # noqa: PLC0415

    sought = seek(detector, threshold)
    yield found_share(data, text, sought, labels, calibration, metric="refused", event="refused")


@check("guardrails.leakage", metrics={"leaked": "proportion"})
def leakage(
    data: Dataset,
    *,
    text: str,
    canaries: Canaries | None = None,
    detector: str | None = None,
    threshold: Threshold | None = None,
    labels: str | None = None,
    calibration: Dataset | None = None,
) -> Iterator[Measurement]:
    """Measure the share of answers that leak: a planted canary stands in them, or a detector finds something."""
    from harness_guardrails.answers import found_share, seek_leaks  # noqa: PLC0415

    sought = seek_leaks(canaries, detector, threshold)
    yield found_share(data, text, sought, labels, calibration, metric="leaked", event="leaked")


@check("guardrails.attack", metrics={"success": "proportion", "blocked": "proportion", "bare_success": "proportion"})
def attack(
    data: Dataset,
    *,
    answer: str = "answer",
    status: str = "status",
    marker: str = "marker",
    bare_answer: str | None = None,
    bare_status: str | None = None,
    detector: str | None = None,
    threshold: Threshold | None = None,
    labels: str | None = None,
    calibration: Dataset | None = None,
) -> Iterator[Measurement]:
    """Measure the share of attacks that succeeded: what they wanted said stands in the answer; also without rails."""
    from harness_guardrails.answers import seek  # noqa: PLC0415
    from harness_guardrails.attacks import Said, measure_attacks  # noqa: PLC0415

    if (bare_answer is None) != (bare_status is None):
        raise UsageError("what was said without rails has an answer and a status; name `bare_answer` and `bare_status`")
    sought, wanted = (seek(detector, threshold), None) if detector else (None, marker)
    bare = Said(answer=bare_answer, status=bare_status, marker=wanted) if bare_answer and bare_status else None
    yield from measure_attacks(
        data, Said(answer=answer, status=status, marker=wanted), bare, sought=sought, labels=labels,
        calibration=calibration,
    )  # fmt: skip


@check("guardrails.adaptive", metrics={"success_at_k": "proportion", "benign_answered": "proportion"})
def adaptive(
    data: Dataset,
    *,
    target: Target,
    k: Annotated[int, Field(ge=1)],
    answer: str = "answer",
    status: str = "status",
    marker: str = "marker",
    goal: str = "goal",
    round: str = "round",
    question: str = "question",
    rewriter: Endpoint | None = None,
    model: str | None = None,
    benign: Dataset | None = None,
) -> Iterator[Measurement]:
    """Measure the share of goals that an attacker reaches within k tries: recorded ones, or a model's that rewords."""
    from harness_guardrails.adapting import (  # noqa: PLC0415
        Order,
        measure_benign,
        measure_rewording,
        measure_rounds,
    )
    from harness_guardrails.attacks import Said  # noqa: PLC0415
    from harness_guardrails.rewording import Rewriter  # noqa: PLC0415

    said, order = Said(answer=answer, status=status, marker=marker), Order(goal=goal, round=round, question=question)
    if (rewriter is None) != (model is None):
        raise UsageError("a model that rewords has a place and a name; say `rewriter: ENDPOINT` and `model: NAME`")
    if rewriter is None or model is None:
        yield measure_rounds(data, said, order, k)
    else:
        yield measure_rewording(data, target, said, order, k, Rewriter(url=rewriter, model=model))
    if benign is not None:
        yield measure_benign(benign, target, said, question, is_asked=rewriter is not None)


@check("guardrails.blocked", metrics={"blocked": "proportion"})
def blocked(data: Dataset, *, status: str = "status") -> Iterator[Measurement]:
    """Measure the share of questions that rails blocked: of harmless ones, what the rails cost in use."""
    from harness_guardrails.attacks import measure_blocked  # noqa: PLC0415

    yield measure_blocked(data, status)


@check("guardrails.overhead", metrics={"over_limit": "proportion", "p50_ms": "point", "p99_ms": "point"})
def overhead(
    data: Dataset,
    *,
    limit_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)],
    guarded: str = "total_ms",
    bare: str = "bare_total_ms",
) -> Iterator[Measurement]:
    """Measure what rails add to the time of the same question asked with and without them."""
    from harness_guardrails.attacks import measure_overhead  # noqa: PLC0415

    yield from measure_overhead(data, guarded, bare, limit_ms)


@check("guardrails.tone", metrics={"rude": "judge_correction"})
def rude_answers(
    data: Dataset,
    *,
    text: str,
    labels: str | None = None,
    detector: str = "tone",
    threshold: Threshold | None = None,
    calibration: Dataset | None = None,
) -> Iterator[Measurement]:
    """Measure the share of answers in a rude tone, as people would say by `labels` of some or a `calibration`."""
    from harness_guardrails.answers import found_share, seek  # noqa: PLC0415

    sought = seek(detector, threshold)
    yield found_share(data, text, sought, labels, calibration, metric="rude", event="were rude")


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `guardrails.detector`, what is asked of answers, and what of attacks."""
    offered = (detector, toxic_answers, refusals, leakage, rude_answers, attack, adaptive, blocked, overhead)
    return {each.name: each for each in offered}
