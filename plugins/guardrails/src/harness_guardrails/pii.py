"""Finds personal data: Presidio with named entities and patterns of our own, and a linear model over tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness_guardrails.hashing import Linear, read_linear
from harness_guardrails.normalising import normalise
from harness_guardrails.recognisers import LONGEST, Found, recognise
from harness_guardrails.tagging import NAMED, token_features
from harness_guardrails.tokens import Span, within


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """What patterns find is found; names and addresses are where the model says so."""

    linear: Linear

    @property
    def threshold(self) -> float:
        """Return the probability of a token from which it is taken for personal."""
        return self.linear.threshold

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        """Return the probability of each text's surest token: 1 where a pattern was found, 0 without tokens."""
        return [max((score for _, score in self._scored(text)), default=0.0) for text in texts]

    def spans(self, text: str) -> Sequence[Span]:
        """Return the spans of the original text that hold personal data, neighbours joined."""
        return _join([span for span, score in self._scored(text) if score >= self.threshold])

    def _scored(self, text: str) -> Sequence[tuple[Span, float]]:
        """Return each token's span in the original text, and how sure it is personal."""
        plain = normalise(text)
        scored: list[tuple[Span, float]] = []
        for begin, end in _parts(plain.text):
            doc, found = recognise(plain.text[begin:end])
            spans, features = token_features(doc, found)
            sure = within(spans, _patterned(found))
            chances = self.linear.probabilities(features, scaled=False)
            for (first, last), certain, chance in zip(spans, sure, chances, strict=True):
                origin = plain.origin(begin + first, begin + last)
                scored.append((origin, 1.0 if certain else float(chance)))
        return scored


def _patterned(found: Sequence[Found]) -> Sequence[Span]:
    return [(each.start, each.end) for each in found if each.kind not in NAMED]


def _parts(text: str) -> Sequence[Span]:
    """Return parts of a long text that end at white space where there is any: the model's memory is bounded."""
    cuts, at = [0], 0
    while len(text) - at > LONGEST:
        space = text.rfind(" ", at + LONGEST // 2, at + LONGEST)
        at = space if space > 0 else at + LONGEST
        cuts.append(at)
    return list(pairwise([*cuts, len(text)])) if text else []


def _join(spans: Sequence[Span]) -> Sequence[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def detector() -> PersonalData:
    """Return the detector of personal data."""
    return PersonalData(linear=read_linear("pii"))
