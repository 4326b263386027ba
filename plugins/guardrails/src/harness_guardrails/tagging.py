"""What a linear model reads of a token to tell whether it is personal: its shape, its tags and its neighbours."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness_guardrails.recognisers import Found
from harness_guardrails.tokens import Span, within

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

REACH = 3  # neighbours on each side
NAMED = ("PERSON", "LOCATION", "ORGANIZATION")


def token_features(doc: "Doc", found: Sequence[Found]) -> tuple[Sequence[Span], Sequence[Sequence[str]]]:
    """Return the span of each token that is no space, and what is known of it and of those around it."""
    kept = [token for token in doc if not token.is_space]
    spans = [(token.idx, token.idx + len(token)) for token in kept]
    kinds = _kinds(spans, found)
    own = [list(_of_token(token, kind)) for token, kind in zip(kept, kinds, strict=True)]
    near = [_as_neighbour(token, kind) for token, kind in zip(kept, kinds, strict=True)]
    return spans, [own[at] + list(_around(near, at)) for at in range(len(kept))]


def _kinds(spans: Sequence[Span], found: Sequence[Found]) -> Sequence[str]:
    """Return which kinds of thing were found at each token: a name, a pattern, both or none."""
    kinds = [""] * len(spans)
    for kind in sorted({each.kind for each in found}):
        name = f"{kind} " if kind in NAMED else "pattern "
        here = within(spans, [(each.start, each.end) for each in found if each.kind == kind])
        kinds = [was + name if inside and name not in was else was for was, inside in zip(kinds, here, strict=True)]
    return kinds


def _of_token(token: "Token", kind: str) -> Iterator[str]:
    word = token.lower_
    yield "bias"
    yield f"kind={kind}"
    yield f"shape={token.shape_[:8]}"
    yield f"tag={token.tag_}"
    yield f"ent={token.ent_type_}"
    yield f"word={word if word.isalpha() else token.shape_[:8]}"
    yield f"start={word[:3]}"
    yield f"end={word[-3:]}"
    yield f"kind,tag={kind},{token.tag_}"
    yield f"digits={sum(char.isdigit() for char in word)}"
    yield f"length={min(len(word), 12)}"
    yield f"latin={word.isascii()}"


def _as_neighbour(token: "Token", kind: str) -> Sequence[str]:
    return (token.lower_ if token.lower_.isalpha() else token.shape_[:5], token.shape_[:3], kind, token.tag_)


def _around(near: Sequence[Sequence[str]], at: int) -> Iterator[str]:
    for step in (*range(-REACH, 0), *range(1, REACH + 1)):
        where = at + step
        for name, value in zip("wskt", near[where] if 0 <= where < len(near) else ("-",) * 4, strict=True):
            yield f"{step}{name}={value}"
    before, after = (near[at + step] if 0 <= at + step < len(near) else ("-",) * 4 for step in (-1, 1))
    yield f"shapes={before[1]},{near[at][1]},{after[1]}"
    yield f"kinds={before[2]},{near[at][2]},{after[2]}"
