"""The judges by name, as instruments: what they score, and the digest that a calibration is bound to."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from harness import HarnessError, UsageError
from harness_rag.consistency import consistency
from harness_rag.embedding import best_sentence_cosine
from harness_rag.embeddings import model_digest
from harness_rag.grounded import grounded
from harness_rag.overlap import bigram_coverage
from harness_rag.relevance import relevance
from harness_rag.rows import Fate

FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is judged: an answer, the contexts it was given with, and what was asked."""

    answer: str
    contexts: tuple[str, ...] = ()
    question: str = ""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a judge made of an answer: its score, 0 to 1, each time and on average, or what became of the judging."""

    score: float = 0.0
    fate: Fate = "scored"
    why: str = ""
    repeats: tuple[float, ...] = ()


class Instrument(Protocol):
    """A judge as answers are measured by it: a function of ours, or a language model."""

    @property
    def name(self) -> str:
        """Return what suites call it."""

    @property
    def digest(self) -> str:
        """Return what a calibration is bound to, once it has judged."""

    @property
    def doubt(self) -> str:
        """Return why it is not known which judge it was, or nothing."""

    def judge_all(self, given: Sequence[Answer]) -> Sequence[Judgement]:
        """Return what it makes of each answer, in their order."""


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A function that scores an answer 0 to 1, with the modules it is made of; some of them embed by a model."""

    name: str
    judge: Callable[[Answer], float]
    modules: tuple[str, ...]
    embeds: bool = False

    def score(self, given: Answer) -> float:
        """Return the score of an answer, 0 to 1; anything else is an error."""
        score = self.judge(given)
        if not (math.isfinite(score) and 0 <= score <= 1):
            raise HarnessError(f"judge {self.name!r} scored {score}; a score lies between 0 and 1")
        return score

    def judge_all(self, given: Sequence[Answer]) -> Sequence[Judgement]:
        """Return the score of each answer."""
        return [Judgement(score=self.score(each)) for each in given]

    @property
    def doubt(self) -> str:
        """Return nothing: which judge it is, its digest says."""
        return ""

    @cached_property
    def digest(self) -> str:
        """Return what a calibration is bound to: the judge's code, and the model it embeds by."""
        code = [hashlib.sha256((FOLDER / f"{name}.py").read_bytes()).hexdigest() for name in self.modules]
        parts = [self.name, *code, *([model_digest()] if self.embeds else [])]
        return f"sha256:{hashlib.sha256(' '.join(parts).encode()).hexdigest()}"


def _of_contexts(name: str, score: Callable[[str, Sequence[str]], float], *modules: str, embeds: bool = False) -> Judge:
    def judge(given: Answer) -> float:
        return score(given.answer, given.contexts)

    return Judge(name=name, judge=judge, modules=("words", *modules), embeds=embeds)


def _relevance(given: Answer) -> float:
    return relevance(given.question, given.answer)


FAITHFULNESS: Mapping[str, Judge] = {
    "grounded": _of_contexts(
        "grounded", grounded, "overlap", "consistency", "embeddings", "embedding", "grounded", embeds=True
    ),
    "overlap": _of_contexts("overlap", bigram_coverage, "overlap"),
    "embedding": _of_contexts("embedding", best_sentence_cosine, "embeddings", "embedding", embeds=True),
    "consistency": _of_contexts("consistency", consistency, "consistency"),
}
RELEVANCE = Judge(name="relevance", judge=_relevance, modules=("words", "embeddings", "relevance"), embeds=True)
JUDGES: Mapping[str, Judge] = {**FAITHFULNESS, RELEVANCE.name: RELEVANCE}


def find_judge(name: str) -> Judge:
    """Return a judge by its name."""
    if name not in JUDGES:
        raise UsageError(f"no judge {name!r} is known; there are {', '.join(JUDGES)}")
    return JUDGES[name]
