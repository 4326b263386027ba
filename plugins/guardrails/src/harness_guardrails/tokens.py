"""Cuts text into tokens and says which of them lie in a span: what PII detectors are measured by."""

import re
from collections.abc import Iterator, Sequence

TOKEN = re.compile(r"\w+|[^\w\s]")

Span = tuple[int, int]


def tokens(text: str) -> Iterator[Span]:
    """Yield the span of each token: a run of letters and digits, or one other visible character."""
    for found in TOKEN.finditer(text):
        yield found.span()


def within(cut: Sequence[Span], spans: Sequence[Span]) -> Sequence[bool]:
    """Tell of each token, in order, whether a span (they may overlap) shares a character with it."""
    flagged, at, reach = [], 0, 0
    ordered = sorted(spans)
    for start, end in cut:
        while at < len(ordered) and ordered[at][0] < end:
            reach = max(reach, ordered[at][1])
            at += 1
        flagged.append(reach > start)
    return flagged
