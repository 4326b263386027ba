"""Finds numbers and addresses that tell who somebody is, by patterns and check digits: fast, and blind to names."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness_guardrails.normalising import normalise
from harness_guardrails.recognisers import find_patterns
from harness_guardrails.tokens import Span


@dataclass(frozen=True, kw_only=True)
class Identifiers:
    """Rules, no model: 1 for a text in which an e-mail address, a card, a phone number or the like stands, else 0."""

    threshold: float = 0.5

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        """Return 1 or 0 for each text."""
        return [float(bool(find_patterns(normalise(text).text))) for text in texts]

    def spans(self, text: str) -> Sequence[Span]:
        """Return the spans of the original text that hold an identifier."""
        plain = normalise(text)
        return sorted({plain.origin(each.start, each.end) for each in find_patterns(plain.text)})


def detector() -> Identifiers:
    """Return the detector of identifiers."""
    return Identifiers()
