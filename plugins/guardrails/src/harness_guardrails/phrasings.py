"""Detectors that are rules alone: a text is scored by how many of them it breaks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness_guardrails.normalising import normalise


@dataclass(frozen=True, kw_only=True)
class Phrasings:
    """Named patterns; a text's score is 1 - 1/2^n for n of them in it: .5 for one, so that each alone is detected."""

    rules: Mapping[str, re.Pattern[str]]
    threshold: float = 0.5

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        """Return the score of each text."""
        read = [normalise(text).text.lower().replace("’", "'") for text in texts]
        return [1 - 0.5 ** sum(bool(rule.search(text)) for rule in self.rules.values()) for text in read]
