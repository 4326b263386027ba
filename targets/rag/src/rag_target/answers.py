"""What asking gives: an answer with all that it rests on, and the events that lead to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag_target.index import Hit
from rag_target.usage import Timings, Usage


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer with the passages it was written from; `refused` is one that the handbook does not hold.

    `blocked` is one that a rail held back: it has a safe text, and no passages.
    """

    text: str
    status: Literal["ok", "refused", "blocked"]
    hits: Sequence[Hit]
    usage: Usage
    cost: float | None
    seconds: Timings


Event = Sequence[Hit] | str | Answer  # the passages that were found, the pieces of an answer, the answer
