"""Finds documents that ask something of whoever reads them: instructions to a model in mail, pages, retrieved text."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness_guardrails.hashing import Linear, read_linear
from harness_guardrails.normalising import normalise
from harness_guardrails.rules import read_rules
from harness_guardrails.sentences import split_sentences
from harness_guardrails.tokens import Span
from harness_guardrails.wording import WORD

RULES = read_rules("instructions")
# what may stand before a request
LEADING = frozenset(WORD.findall('assistant chatbot ai please now also then and but so " ( - * , : .'))
SPOKEN = frozenset(WORD.findall("you your me my i we it he she they was were is are answer response reply output text"))
COPIES = 8  # slots of a rule, as one feature among hundreds would weigh little


def sentence_features(sentence: str) -> set[str]:
    """Return how a sentence begins and whom it addresses, and which phrasings of a request stand in it.

    Its other words say what it is about, which is nobody's request.
    """
    text = sentence.lower().replace("’", "'")
    words = [word for word in (found[0] for found in WORD.finditer(text)) if word not in LEADING]
    found = [name for name, rule in RULES.items() if rule.search(text)]
    begins = {f"{size} {' '.join(words[:size])} {copy}" for size in (1, 2, 3) for copy in range(4 - size)}
    marks = {f"asks {'?' in text} {copy}" for copy in range(2)} | {f"rules {min(len(found), 3)}"}
    spoken = {f"speaks {word}" for word in set(words) & SPOKEN}
    phrased = {f"rule {name} {copy}" for name in found for copy in range(COPIES)}
    return begins | {f"early {word}" for word in words[1:4]} | marks | spoken | phrased


@dataclass(frozen=True, kw_only=True)
class WorstSentence:
    """A linear model over a document's sentences: the document is as suspicious as the worst of them."""

    linear: Linear

    @property
    def threshold(self) -> float:
        """Return the score from which a document is detected."""
        return self.linear.threshold

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        """Return the probability that each document holds a request."""
        return [max(self._probabilities(split_sentences(normalise(text).text))) for text in texts]

    def spans(self, text: str) -> Sequence[Span]:
        """Return where in the original text the sentences stand that ask for something."""
        plain, found, at = normalise(text), [], 0
        sentences = split_sentences(plain.text)
        for sentence, chance in zip(sentences, self._probabilities(sentences), strict=True):
            start = plain.text.find(sentence, at)
            if start < 0:  # white space within it was narrowed
                continue
            at = start + len(sentence)
            if chance >= self.threshold and sentence:
                found.append(plain.origin(start, at))
        return found

    def _probabilities(self, sentences: Sequence[str]) -> Sequence[float]:
        return [float(each) for each in self.linear.probabilities([sentence_features(one) for one in sentences])]


def detector() -> WorstSentence:
    """Return the detector of instructions in documents."""
    return WorstSentence(linear=read_linear("instructions"))
