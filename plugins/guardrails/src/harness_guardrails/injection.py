"""Finds prompts that try to override a system's instructions or to talk a model out of its rules; for prompts only."""

from collections.abc import Sequence

from harness_guardrails.hashing import read_linear
from harness_guardrails.rules import read_rules
from harness_guardrails.wording import word_features
from harness_guardrails.worst_part import Words, WorstPart

# Phrasings rather than words: benign prompts use the words too.
RULES = read_rules("injection")


def prompt_features(parts: Sequence[Words]) -> Sequence[set[str]]:
    """Return the words of each part and the phrasings in it."""
    return [word_features(words) | _phrasings(words) for words in parts]


def _phrasings(words: Words) -> set[str]:
    text = " ".join(words)
    found = [name for name, rule in RULES.items() if rule.search(text)]
    # several slots each, as one feature among hundreds would weigh little
    return {f"rule {name} {copy}" for name in found for copy in range(8)} | {f"rules {min(len(found), 4)}"}


def detector() -> WorstPart:
    """Return the detector of prompts."""
    return WorstPart(linear=read_linear("injection"), features=prompt_features)
