"""How friendly an answer sounds."""

from functools import cache
from typing import Any

from harness_rag.words import sentences

NEUTRAL = 0.5


def tone(answer: str) -> float:
    """Return the mean valence of a text's sentences by VADER's lexicon (Hutto, Gilbert 2014).

    0 is hostile, 0.5 neutral, 1 very friendly.
    """
    found = [float(_analyzer().polarity_scores(sentence)["compound"]) for sentence in sentences(answer)]
    return (sum(found) / len(found) + 1) / 2 if found else NEUTRAL


@cache
def _analyzer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415 - reads its lexicon

    return SentimentIntensityAnalyzer()
