"""What a suite or a command asks of the rails, as data."""

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Name = Literal[
    "injection", "personal_input", "off_topic", "instructions", "personal_answer", "toxicity", "unsupported", "tone",
    "canary",
]  # fmt: skip
NAMES: Sequence[Name] = get_args(Name)
SAFE = "This request was blocked by a safety rule of the handbook."
SHORTEST = 8  # letters and digits of a canary: a shorter one is found by chance
Canary = Annotated[str, Field(pattern=rf"(?:\w\W*){{{SHORTEST},}}")]


class Policy(BaseModel):
    """Which rails stand before the handbook, who runs them, and what they hold back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Annotated[Literal["plain", "nemo"], Field(description="nemo: NVIDIA's, slower, the same rails")] = "plain"
    off: Annotated[Sequence[Name], Field(description="rails that are left out, and then missed")] = ()
    canaries: Annotated[Sequence[Canary], Field(description="planted strings that no answer holds")] = ()
    seconds: Annotated[float, Field(gt=0, le=60, description="that the rails of one stage may take")] = 5.0
    on_topic: Annotated[float, Field(ge=0, le=1, description="least share of a question that a page covers")] = 0.2
    supported: Annotated[float, Field(ge=0, le=1, description="least share of a sentence that passages hold")] = 0.5

    @property
    def names(self) -> Sequence[Name]:
        """Return the rails that are on, in the order in which they look; without canaries there is no filter."""
        return [name for name in NAMES if name not in self.off and (name != "canary" or self.canaries)]
