"""Finds hateful, threatening, insulting, obscene and self-harming text."""

from collections.abc import Sequence

import numpy as np

from harness_guardrails.hashing import read_linear
from harness_guardrails.recurrent import KINDS, score_kinds
from harness_guardrails.rules import read_rules
from harness_guardrails.wording import word_features
from harness_guardrails.worst_part import Words, WorstPart

LEVELS = 8  # bands of a probability
RULES = read_rules("toxicity")


def toxic_features(parts: Sequence[Words]) -> Sequence[set[str]]:
    """Return the words of each part, what the recurrent model says of it, and whether it is about self-harm."""
    texts = [" ".join(words) for words in parts]
    return [
        word_features(words) | _levels(kinds) | _self_harm(text)
        for words, kinds, text in zip(parts, score_kinds(texts), texts, strict=True)
    ]


def _levels(kinds: np.ndarray[tuple[int], np.dtype[np.float32]]) -> set[str]:
    """Return, for each kind, every band that its log-odds reach: a thermometer that a linear model can weigh."""
    odds = np.log(np.clip(kinds, 1e-4, 1 - 1e-4) / (1 - np.clip(kinds, 1e-4, 1 - 1e-4)))
    bands = np.linspace(-6, 5, LEVELS)
    return {
        f"{kind} {band} {copy}"
        for kind, odd in zip(KINDS, odds, strict=True)
        for band, least in enumerate(bands)
        if odd >= least
        for copy in range(3)
    }


def _self_harm(text: str) -> set[str]:
    if not RULES["self-harm"].search(text):
        return set()
    whose = "own" if RULES["first person"].search(text) else "other"
    return {f"self-harm {whose} {copy}" for copy in range(8)}


def detector() -> WorstPart:
    """Return the detector of toxic text."""
    return WorstPart(linear=read_linear("toxicity"), features=toxic_features)
