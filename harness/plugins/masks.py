"""Finds in texts what installed packages say must not be kept, by the entry points of one group."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol

from harness.errors import HarnessError

MASKS = "harness.masks"
CODE = re.compile(r"[a-z][a-z0-9_]*")  # a status or a kind, as programs write them


class SpanFinder(Protocol):
    """Finds what must not be kept."""

    def spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Return the characters [start, end) of what was found, in order and apart."""


def mask_found(text: str) -> str:
    """Return a text with the name of each finder in place of what it finds; HarnessError if one fails."""
    if CODE.fullmatch(text) or not text.strip():
        return text
    for name, finder in _finders().items():
        try:
            text = "".join(_pieces(text, finder.spans(text), f"[{name}]"))
        except Exception as failure:
            raise HarnessError(
                f"mask {name!r} raised {type(failure).__name__}, so nobody knows what would be kept of a text; "
                f"repair its package, or keep no texts (--evidence ids)"
            ) from failure
    return text


@cache
def _finders() -> Mapping[str, SpanFinder]:
    """Return what is installed, loaded once a process; a package that does not load is an error."""
    found: dict[str, SpanFinder] = {}
    for point in sorted(entry_points(group=MASKS), key=lambda each: each.name):
        try:
            found[point.name] = point.load()()
        except Exception as failure:
            raise HarnessError(
                f"mask {point.name!r} of {point.value!r} does not load ({type(failure).__name__}: {failure}); "
                f"repair its package, or keep no texts (--evidence ids)"
            ) from failure
    return found


def _pieces(text: str, spans: Sequence[tuple[int, int]], name: str) -> Iterator[str]:
    done = 0
    for start, end in spans:
        yield text[done:start]
        yield name
        done = end
    yield text[done:]
