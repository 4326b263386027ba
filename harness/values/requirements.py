"""What a metric must show, as a suite asks it."""

import math
from dataclasses import dataclass, field
from typing import Literal, Self, get_args

from pydantic import Field, field_validator, model_validator
from pydantic.dataclasses import dataclass as parsed

from harness.values.keys import Labels

Severity = Literal["must", "should", "info"]
Better = Literal["higher", "lower"]
BoundKind = Literal["at_least", "at_most", "lose_at_most", "gain_at_least"]
DOUBLE = 2
MOST_ALPHA = 0.1  # of candidates exactly at the threshold at most one in ten may pass a gate
BOUNDS: tuple[BoundKind, ...] = get_args(BoundKind)


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What is asked of a value, or of its distance from a baseline: `at_least 0.8`, `lose_at_most 0.01`."""

    kind: BoundKind
    value: float

    @property
    def is_comparison(self) -> bool:
        """Tell whether this bounds the distance from a baseline."""
        return self.kind in ("lose_at_most", "gain_at_least")

    def sought(self, better: Better) -> tuple[float, Better]:
        """Return the threshold, and on which side of it the good values lie."""
        if not self.is_comparison:
            return self.value, "higher" if self.kind == "at_least" else "lower"
        distance = -self.value if self.kind == "lose_at_most" else self.value
        return (distance, "higher") if better == "higher" else (-distance, "lower")

    def implies(self, other: "Bound") -> bool:
        """Tell whether what meets this bound meets another one."""
        is_least = self.kind in ("at_least", "gain_at_least")
        return self.kind == other.kind and (self.value >= other.value if is_least else self.value <= other.value)

    def __str__(self) -> str:
        return f"{self.kind} {self.value:g}"


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
    looks: int | None = Field(default=None, ge=1, le=100)
    look_after: float | None = Field(default=None, ge=1, le=100, allow_inf_nan=False)
    where: Labels | Literal["overall"] = field(default_factory=dict)
    scope: Literal["population", "these"] = "population"
    waivable: bool = True

    @field_validator(*BOUNDS, "plan_for", mode="before")
    @classmethod
    def _no_boolean(cls, given: object) -> object:
        if isinstance(given, bool):
            raise ValueError(f"asks for a number; found {str(given).lower()}, which would be read as {given:d}")
        return given

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        asked = self._bounds()
        if len(asked) != 1:
            found = " and ".join(bound.kind for bound in asked) or "none of them"
            raise ValueError(f"asks for one of {', '.join(BOUNDS)}; found {found}")
        if asked[0].is_comparison != (self.versus is not None):
            verb = "needs" if self.versus is None else "does not go with"
            raise ValueError(f"{asked[0].kind} {verb} versus: BASELINE")
        return self

    def _bounds(self) -> list[Bound]:
        return [Bound(kind=kind, value=value) for kind in BOUNDS if (value := getattr(self, kind)) is not None]

    @property
    def bound(self) -> Bound:
        """Return the one thing that is asked."""
        return self._bounds()[0]

    def sought(self, better: Better) -> tuple[float, Better]:
        """Return the threshold, and on which side of it the good values lie.

        Against a baseline it is a threshold of the difference candidate - baseline.
        """
        return self.bound.sought(better)

    def alpha_at(self, look: int) -> float:
        """Return the share of alpha at which a look is judged: all of them together, without end, spend alpha."""
        return self.alpha / (self.looks or look * (look + 1))

    def next_look(self, size: int) -> int:
        """Return the size at which the look after one at `size` is taken: the double, or any more of planned ones."""
        times = self.look_after or (DOUBLE if self.looks is None else 1)
        return max(size + 1, math.ceil(times * size))

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
