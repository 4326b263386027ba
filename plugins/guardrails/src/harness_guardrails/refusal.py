"""Tells answers that refuse, wholly or in part, from answers that comply."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness_guardrails.hashing import Linear, read_linear
from harness_guardrails.normalising import normalise
from harness_guardrails.rules import read_rules
from harness_guardrails.wording import WORD, word_features

OPENING = 60  # words: a refusal is nearly always said in the first sentences
RULES = read_rules("refusal")


def answer_features(texts: Sequence[str]) -> Sequence[set[str]]:
    """Return what each answer's opening says, and which phrasings of a refusal stand in its first sentence or later."""
    return [_features(text) for text in texts]


def _features(text: str) -> set[str]:
    words = [found[0] for found in WORD.finditer(normalise(text[:2000]).text.lower().replace("’", "'"))]
    opening = words[:OPENING]
    begin, whole = " ".join(words[:18]), " ".join(opening)
    found = {f"{name} begins" for name, rule in RULES.items() if rule.search(begin)}
    found |= {f"{name} within" for name, rule in RULES.items() if rule.search(whole)}
    own = word_features(opening[:25]) if opening else set()
    phrased = {f"rule {each} {copy}" for each in found for copy in range(12)}
    return own | phrased | {f"long {min(len(words) // 40, 4)} {copy}" for copy in range(4)}


@dataclass(frozen=True, kw_only=True)
class Openings:
    """A linear model over the openings of answers."""

    linear: Linear

    @property
    def threshold(self) -> float:
        """Return the score from which an answer counts as a refusal."""
        return self.linear.threshold

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        """Return the probability that each answer refuses."""
        return [float(each) for each in self.linear.probabilities(answer_features(texts))]


def detector() -> Openings:
    """Return the detector of refusals."""
    return Openings(linear=read_linear("refusal"))
