"""Measures recorded answers: each metric of all rows that it is about, whatever became of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import Dataset, HarnessError, Measurement, samples
from harness_rag.citations import citation_accuracy
from harness_rag.correctness import correctness
from harness_rag.judged import Denominator, measure_fates, measure_judged, measure_opinion, with_y
from harness_rag.judges import FAITHFULNESS, RELEVANCE, Answer, Instrument, Judge, Judgement
from harness_rag.rows import Columns, Fate, Rows, fates, read_rows
from harness_rag.spread import measure_spread
from harness_rag.tone import tone

METRICS = {
    "faithfulness": "judge_correction",
    "answer_relevance": "judge_correction",
    "correctness": "judge_mean",
    "citation_accuracy": "judge_mean",
    "tone": "judge_mean",
    "context_precision": "mean",
    "context_recall": "mean",
    "abstention": "proportion",
    "refused": "proportion",
    "unparseable": "proportion",
    "timed_out": "proportion",
    "errored": "proportion",
}
LIMITS = (0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a suite wants answers judged: by whom, by whose labels, and how many may have no score."""

    judge: Instrument
    calibrations: Mapping[str, Path | None]
    abstentions: Sequence[str]
    refused_at_most: float
    lost_at_most: float


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """The rows that metrics are of, with what became of each, and what is judged of it."""

    rows: Rows
    total: Denominator
    given: Sequence[Answer]

    def judge(self, judge: Instrument) -> Sequence[Judgement]:
        """Return what a judge makes of each answer, by its place; of one that has no score, what became of it."""
        places = [place for place, fate in enumerate(self.total.fates) if fate == "scored"]
        judged = dict(zip(places, judge.judge_all([self.given[place] for place in places]), strict=True))
        return [judged.get(place, Judgement(fate=fate)) for place, fate in enumerate(self.total.fates)]

    def score(self, judge: Callable[[int], float], *, of_refused: bool = False) -> Sequence[float]:
        """Return a score a row, by its place: 0 where the answer has none."""
        counts: tuple[Fate, ...] = ("scored", "refused") if of_refused else ("scored",)
        return [judge(place) if fate in counts else 0.0 for place, fate in enumerate(self.total.fates)]


def measure_answers(data: Dataset, columns: Columns, asked: Asked) -> Iterator[Measurement]:
    """Yield what the columns allow; questions that cannot be answered count for `abstention` alone."""
    rows = read_rows(data, columns.named())
    became = fates(rows, asked.abstentions)
    if columns.answerable:
        flags = _answerable(rows)
        wanted = {True: "scored", False: "refused"}
        right = [float(fate == wanted[flag]) for fate, flag in zip(became, flags, strict=True)]
        sample = samples.rows.proportion(with_y(rows, right))
        yield Measurement(metric="abstention", sample=sample, unit="questions", event="answered, or declined, rightly")
        rows, became = rows.narrow(flags), [fate for fate, flag in zip(became, flags, strict=True) if flag]
    if not rows.size:
        raise HarnessError(f"dataset {data.name!r} has no question that can be answered, so no answer can be judged")
    total = Denominator(fates=became, refused_at_most=asked.refused_at_most, lost_at_most=asked.lost_at_most)
    yield from measure_fates(rows, total)
    yield from _measure_judged(_Answers(rows=rows, total=total, given=_given(rows)), asked)
    if columns.context_ids and columns.gold_ids:
        yield from _measure_contexts(rows)


def _measure_judged(found: _Answers, asked: Asked) -> Iterator[Measurement]:
    judges: dict[str, Instrument] = {"faithfulness": asked.judge}
    if "question" in found.rows.values:
        judges["answer_relevance"] = RELEVANCE
    for metric, judge in judges.items():
        judged = found.judge(judge)
        scores = [each.score if each.fate == "scored" else 0.0 for each in judged]
        total = replace(found.total, fates=[each.fate for each in judged], why=_first_why(judged))
        made = measure_judged(metric, found.rows, found.given, scores, judge, total, asked.calibrations[metric])
        spread = measure_spread(judged)
        yield replace(made, evidence={**made.evidence, "repeats": str(spread)}) if spread else made
    plain = asked.judge if isinstance(asked.judge, Judge) else FAITHFULNESS["grounded"]
    for metric, opinions in _opinions(found, plain):
        yield measure_opinion(metric, found.rows, opinions, found.total)


def _first_why(judged: Sequence[Judgement]) -> str:
    return next((each.why for each in judged if each.why), "")


def _opinions(found: _Answers, judge: Judge) -> Iterator[tuple[str, Sequence[float]]]:
    given, rows = found.given, found.rows
    ids = rows.lists("context_ids") if "context_ids" in rows.values else [()] * rows.size

    def cited(place: int) -> float:
        said = given[place]
        return citation_accuracy(
            said.answer, said.contexts, ids[place] or (), lambda a, c: judge.score(Answer(answer=a, contexts=tuple(c)))
        )

    yield "citation_accuracy", found.score(cited)
    yield "tone", found.score(lambda place: tone(given[place].answer), of_refused=True)
    if "gold" in rows.values:
        gold = rows.lists("gold")
        yield "correctness", found.score(lambda place: correctness(given[place].answer, gold[place] or ()))


def _measure_contexts(rows: Rows) -> Iterator[Measurement]:
    """Yield the mean shares of what was retrieved that is gold, and of gold that was retrieved."""
    gold = [frozenset(each or ()) for each in rows.lists("gold_ids")]
    known = rows.narrow([bool(each) for each in gold])
    pairs = [
        (frozenset(found or ()), wanted)
        for found, wanted in zip(rows.lists("context_ids"), gold, strict=True)
        if wanted
    ]
    precision = [len(found & wanted) / len(found) if found else 0.0 for found, wanted in pairs]
    recall = [len(found & wanted) / len(wanted) for found, wanted in pairs]
    for metric, values in (("context_precision", precision), ("context_recall", recall)):
        yield Measurement(
            metric=metric, sample=samples.rows.mean(with_y(known, values), limits=LIMITS), unit="questions"
        )


def _given(rows: Rows) -> Sequence[Answer]:
    contexts = rows.lists("contexts") if "contexts" in rows.values else [()] * rows.size
    questions = rows.texts("question") if "question" in rows.values else [None] * rows.size
    return [
        Answer(answer=answer or "", contexts=given or (), question=question or "")
        for answer, given, question in zip(rows.texts("answer"), contexts, questions, strict=True)
    ]


def _answerable(rows: Rows) -> Sequence[bool]:
    flags = rows.flags("answerable")
    missing = sum(flag is None for flag in flags)
    if missing:
        raise HarnessError(f"{missing} of {len(flags)} rows do not say whether they can be answered; say 0 or 1")
    return [bool(flag) for flag in flags]
