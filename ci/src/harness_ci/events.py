"""What can happen to a target: a change, a moment that came, or a deployment of who was not promoted."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["code", "data", "model", "schedule", "degradation", "undo"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened; `key` is made of what was signed, so that it is known when it is told again."""

    key: str
    kind: Kind
    target: str
    subject: str
    revision: str | None = None
    base: str | None = None
    pull: int | None = None
    fork: bool = False

    @property
    def lane(self) -> str:
        """Return what runs one after the other: a target, or one of its pull requests."""
        return self.target if self.pull is None else f"{self.target}#{self.pull}"

    def to_json(self) -> Mapping[str, Any]:
        """Return the event as plain values."""
        return asdict(self)
