"""Detectors that read a text in parts and score it by the worst one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness_guardrails.hashing import Linear
from harness_guardrails.normalising import normalise
from harness_guardrails.wording import windows

Words = Sequence[str]
Features = Callable[[Sequence[Words]], Sequence[set[str]]]


@dataclass(frozen=True, kw_only=True)
class WorstPart:
    """A linear model over the features of a text's parts, once the text hides nothing."""

    linear: Linear
    features: Features

    @property
    def threshold(self) -> float:
        """Return the score from which a text is detected."""
        return self.linear.threshold

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        """Return the probability of each text's worst part."""
        parts = [(at, words) for at, text in enumerate(texts) for words in windows(normalise(text).text)]
        found = self.linear.probabilities(self.features([words for _, words in parts]))
        scored = zip((at for at, _ in parts), found, strict=True)
        return [float(max(score for _, score in each)) for _, each in groupby(scored, key=lambda pair: pair[0])]
