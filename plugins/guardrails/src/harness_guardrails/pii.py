"""Finds personal data: Presidio with named entities and patterns of our own, and a linear model over tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from harness_guardrails.hashing import Linear, read_linear
from harness_guardrails.normalising import normalise
from harness_guardrails.recognisers import LONGEST, Found, recognise
from harness_guardrails.tagging import NAMED, token_features
from harness_guardrails.tokens import Span, within

if TYPE_CHECKING:
    from spacy.tokens import Doc


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
        return [max((score for _, score in scored), default=0.0) for scored in self._scored(texts)]

    def spans(self, text: str) -> Sequence[Span]:
        """Return the spans of the original text that hold personal data, neighbours joined."""
        (scored,) = self._scored([text])
        return _join([span for span, score in scored if score >= self.threshold])

    def _scored(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[Span, float]]]:
        """Return of each text each token's span in the original, and how sure it is personal."""
        plains = [normalise(text) for text in texts]
        parts = [(at, *part) for at, plain in enumerate(plains) for part in _parts(plain.text)]
        read = recognise([plains[at].text[begin:end] for at, begin, end in parts])
        scored: list[list[tuple[Span, float]]] = [[] for _ in texts]
        for (at, begin, _), (doc, found) in zip(parts, read, strict=True):
            for (first, last), chance in self._chances(doc, found):
                scored[at].append((plains[at].origin(begin + first, begin + last), chance))
        return scored

    def _chances(self, doc: "Doc", found: Sequence[Found]) -> Iterator[tuple[Span, float]]:
        """Yield each token's span and how sure it is personal: certain where a pattern was found."""
        spans, features = token_features(doc, found)
        sure = within(spans, [(each.start, each.end) for each in found if each.kind not in NAMED])
        chances = self.linear.probabilities(features, scaled=False)
        for span, certain, chance in zip(spans, sure, chances, strict=True):
            yield span, 1.0 if certain else float(chance)


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
