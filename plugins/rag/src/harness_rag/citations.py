"""Whether the passages that an answer cites say what they are cited for."""

import re
from collections.abc import Callable, Sequence

from harness_rag.words import sentences

CITED = re.compile(r"\[([\w.:/-]{1,64}(?:\s*[,;]\s*[\w.:/-]{1,64})*)\]")


def citation_accuracy(
    answer: str, contexts: Sequence[str], ids: Sequence[str], judge: Callable[[str, Sequence[str]], float]
) -> float:
    """Return the mean score of an answer's sentences against the passages that each cites as `[id]` or `[1]`.

    A sentence that cites nothing, or a passage that it was not given, scores 0; so does an answer of no words.
    """
    known = {str(place): text for place, text in enumerate(contexts, 1)} | dict(zip(ids, contexts, strict=False))
    scores = [_score(sentence, known, judge) for sentence in _cited_sentences(answer)]
    return sum(scores) / len(scores) if scores else 0.0


def _score(sentence: str, known: dict[str, str], judge: Callable[[str, Sequence[str]], float]) -> float:
    cited = [name for found in CITED.findall(sentence) for name in re.split(r"\s*[,;]\s*", found)]
    if not cited or any(name not in known for name in cited):
        return 0.0
    return judge(CITED.sub("", sentence).strip(), [known[name] for name in cited])


def _cited_sentences(answer: str) -> list[str]:
    """Return the sentences, each with a citation that stands behind its full stop."""
    found: list[str] = []
    for sentence in sentences(answer):
        behind = re.match(r"(?:\[[^\]]*\]\s*)+", sentence)
        if behind and found:
            found[-1] = f"{found[-1]} {behind[0].strip()}"
            sentence = sentence[behind.end() :]
        if sentence.strip():
            found.append(sentence)
    return found
