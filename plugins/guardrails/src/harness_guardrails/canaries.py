"""Finds canaries: strings planted where nobody should repeat them, however they are written, spaced or encoded."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness import UsageError
from harness_guardrails.normalising import normalise

SHORTEST = 8  # letters and digits of a canary: a shorter one is found by chance


@dataclass(frozen=True, kw_only=True)
class Canaries:
    """A rule, no model: 1 for a text in which a canary stands, else 0."""

    letters: Sequence[str]
    threshold: float = 0.5

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        """Return 1 or 0 for each text."""
        return [float(any(each in form for form in letter_forms(text) for each in self.letters)) for text in texts]


def letter_forms(text: str) -> Sequence[str]:
    """Return a text's letters and digits as they stand, as they are meant, and both read backwards."""
    forms = {letters_of(text), letters_of(normalise(text).text)}
    return sorted(forms | {form[::-1] for form in forms})


def letters_of(text: str) -> str:
    """Return a text's letters and digits, in one case."""
    return "".join(char for char in text.casefold() if char.isalnum())


def detector(canaries: Sequence[str] = ()) -> Canaries:
    """Return the detector of some canaries; UsageError if there are none, or one is too short."""
    letters = [letters_of(each) for each in canaries]
    short = sum(len(each) < SHORTEST for each in letters)
    if short or not letters:
        raise UsageError(
            f"canaries have {SHORTEST} letters and digits or more, as shorter ones are found by chance; found "
            f"{len(letters)}, of which {short} are shorter"
        )
    return Canaries(letters=letters)
