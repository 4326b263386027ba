"""What a metric must show, as a suite asks it."""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic.dataclasses import dataclass as parsed

Severity = Literal["must", "should", "info"]
Better = Literal["higher", "lower"]
Labels = Mapping[str, str]


@parsed(frozen=True, kw_only=True, config={"extra": "forbid"})
class Requirement:
    """What a metric must show: one threshold, or a comparison with a baseline."""

    metric: str
    at_least: float | None = Field(default=None, allow_inf_nan=False)
    at_most: float | None = Field(default=None, allow_inf_nan=False)
    versus: str | None = None
    lose_at_most: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    gain_at_least: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    plan_for: float | None = Field(default=None, allow_inf_nan=False)
    severity: Severity = "must"
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    looks: int = Field(default=2, ge=1, le=100)
    where: Labels | Literal["overall"] = field(default_factory=dict)
    scope: Literal["population", "these"] = "population"

    @field_validator("at_least", "at_most", "lose_at_most", "gain_at_least", "plan_for", mode="before")
    @classmethod
    def _no_boolean(cls, given: object) -> object:
        if isinstance(given, bool):
            raise ValueError(f"asks for a number; found {str(given).lower()}, which would be read as {given:d}")
        return given

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        asked = [n for n in ("at_least", "at_most", "lose_at_most", "gain_at_least") if getattr(self, n) is not None]
        if len(asked) != 1:
            found = " and ".join(asked) or "none of them"
            raise ValueError(f"asks for one of at_least, at_most, lose_at_most, gain_at_least; found {found}")
        if (asked[0] in ("lose_at_most", "gain_at_least")) != (self.versus is not None):
            raise ValueError(f"{asked[0]} {'needs' if self.versus is None else 'does not go with'} versus: BASELINE")
        return self

    def sought(self, better: Better) -> tuple[float, Better]:
        """Return the threshold, and on which side of it the good values lie.

        Against a baseline it is a threshold of the difference candidate - baseline.
        """
        if self.at_least is not None:
            return self.at_least, "higher"
        if self.at_most is not None:
            return self.at_most, "lower"
        distance = -self.lose_at_most if self.lose_at_most is not None else self.gain_at_least or 0.0
        return (distance, "higher") if better == "higher" else (-distance, "lower")

    def truth(self) -> float | None:
        """Return the truth that is planned for: an equally good candidate, where a loss is allowed and none is said."""
        return 0.0 if self.plan_for is None and self.lose_at_most is not None else self.plan_for

    def plan_error(self, better: Better | None = None) -> str:
        """Return why the truth that is planned for could never pass, or nothing.

        Without `better`, which a suite does not say of a comparison, only what is wrong either way is told.
        """
        sides: tuple[Better, ...] = (better,) if better else ("higher", "lower")
        truth = self.plan_for
        if truth is None or any(_is_beyond(truth, *self.sought(side)) for side in sides):
            return ""
        threshold, side = self.sought(sides[0])
        way = "more" if side == "higher" else "less"
        message = f"plan_for {truth:g} is not {way} than the {threshold:g} that is asked"
        return f"{message}, and no number of rows would show that; plan beyond it, or leave plan_for out"


def _is_beyond(truth: float, threshold: float, better: Better) -> bool:
    return truth > threshold if better == "higher" else truth < threshold
