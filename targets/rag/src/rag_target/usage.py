"""What an answer took: tokens, money and time."""

from dataclasses import dataclass
from typing import Literal

MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens read and written: as the model's server reported them, or words where there is no model."""

    prompt_tokens: int
    completion_tokens: int
    counted: Literal["reported", "words"]


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a million tokens cost, read and written, in one currency."""

    prompt: float
    completion: float

    def cost(self, usage: Usage) -> float:
        """Return what a usage costs."""
        return (usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion) / MILLION


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Seconds until the passages were found, the first piece came and the answer was whole, and those of the rails."""

    retrieval: float
    first_piece: float
    total: float
    rails: float = 0.0
