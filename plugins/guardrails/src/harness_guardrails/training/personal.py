"""How the model of personal tokens is trained: on Presidio's templates, and on prose that holds hardly any."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from harness_guardrails.hashing import Linear
from harness_guardrails.normalising import normalise
from harness_guardrails.recognisers import recognise
from harness_guardrails.tagging import token_features
from harness_guardrails.tokens import Span, within
from harness_guardrails.training.fitting import Rows, fit
from harness_guardrails.training.sources import read_rows

PROSE = 800  # film reviews that are learned from


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A text and the spans of personal data in it; of prose nobody labelled, so what a recogniser finds is left out."""

    text: str
    spans: Sequence[Span]
    template: int
    labelled: bool = True


def labelled_sentences(shared: Path) -> Sequence[Sentence]:
    """Return the generated sentences with their spans and the number of their template."""
    return [
        Sentence(
            text=str(row["full_text"]),
            spans=[
                (each["start_position"], each["end_position"]) for each in cast("list[dict[str, int]]", row["spans"])
            ],
            template=int(str(row["template_id"])),
        )
        for row in read_rows("presidio", shared)
    ]


def prose(name: str, shared: Path) -> Sequence[Sentence]:
    """Return some sentences of a source of reviews."""
    rows = read_rows(name, shared)
    every = max(1, len(rows) // PROSE)
    return [Sentence(text=str(row["text"]), spans=(), template=-1, labelled=False) for row in rows[::every]]


def fit_tokens(sentences: Sequence[Sentence]) -> Linear:
    """Return a model of all tokens that somebody labelled, or in prose that no recogniser finds."""
    features: list[Sequence[str]] = []
    labels: list[int] = []
    texts = [each.text if each.labelled else normalise(each.text).text for each in sentences]
    for each, (doc, found) in zip(sentences, recognise(texts), strict=True):
        spans, rows = token_features(doc, found)
        kept = [each.labelled or not flag for flag in within(spans, [(one.start, one.end) for one in found])]
        features += [row for row, keep in zip(rows, kept, strict=True) if keep]
        labels += [int(flag) for flag, keep in zip(within(spans, each.spans), kept, strict=True) if keep]
    rows_of = Rows(features=features, labels=labels, weights=[1.0] * len(labels), scaled=False)
    return fit(rows_of, 0.1)


def train_pii(shared: Path) -> Linear:
    """Train on all generated sentences and on film reviews."""
    return fit_tokens([*labelled_sentences(shared), *prose("movie", shared)])
