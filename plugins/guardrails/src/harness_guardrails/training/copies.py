"""Keeps texts that are reported on out of those that are learned from, where one is a variant of the other."""

import re
from collections.abc import Sequence

from harness_guardrails.training.fitting import Example

RUN = 4  # words in a row
SHARED = 0.25  # of the shorter text's runs, above which two texts are variants of one


def without_copies(learned: Sequence[Example], reported: Sequence[Example]) -> Sequence[Example]:
    """Return the examples to learn from that are no variant of a reported one."""
    held = [_runs(each.text) for each in reported]
    return [each for each in learned if not _is_variant(_runs(each.text), held)]


def _is_variant(runs: frozenset[str], held: Sequence[frozenset[str]]) -> bool:
    return any(len(runs & other) > SHARED * min(len(runs), len(other)) for other in held)


def _runs(text: str) -> frozenset[str]:
    """Return every four words in a row; of a shorter text all its words as one."""
    words = re.findall(r"\w+", text.lower())
    return frozenset(" ".join(words[at : at + RUN]) for at in range(max(1, len(words) - RUN + 1)))
