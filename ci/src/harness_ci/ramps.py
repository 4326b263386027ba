"""A candidate's way to all traffic: its share grows weight by weight, until its counters decide for or against it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness import HarnessError, write_atomic
from harness_ci.canaries import MOST, Arms, Canary, Counter, LabelName, judge_canary
from harness_ci.spans import Span, Strict

ALL = 100  # per cent of the traffic
PAUSE = 0.2
Percent = Annotated[int, Field(ge=1, lt=ALL)]
State = Literal["passed", "failed", "inconclusive", "cancelled"]


class Arm(Strict):
    """Which label tells the arms apart, and what of a candidate it holds."""

    label: LabelName
    holds: Literal["digest", "revision"] = "digest"


class Ramp(Counter):
    """The shares of traffic, the command that sets one, what is counted, and how long it may take.

    `split` is run anew where it was killed half-way. A share is held for `hold`, and all of them end `within`.
    """

    arm: Arm
    lose_at_most: Annotated[float, Field(ge=0, lt=1)]
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    weights: Annotated[tuple[Percent, ...], Field(min_length=1)] = (5, 10)
    split: Annotated[tuple[str, ...], Field(min_length=1)]
    hold: Span = timedelta(minutes=10)
    within: Span = timedelta(hours=2)

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if list(self.weights) != sorted(set(self.weights)):
            raise ValueError(f"`weights` should grow; found {list(self.weights)}")
        if self.hold * len(self.weights) + self.every >= self.within:
            raise ValueError("`within` ends before each weight was held and looked at; lengthen it, or shorten `hold`")
        if self.within / self.every > MOST:
            raise ValueError(f"`within` has more than {MOST} looks, which are read at most; lengthen `every`")
        return self

    def beside(self, canary: str, control: str) -> Canary:
        """Return the canary of two values of the arms' label; HarnessError if they are one."""
        if canary == control:
            raise HarnessError(
                f"candidate and champion both have {canary!r} as {self.arm.holds}, which tells them apart"
            )
        arms = Arms(label=self.arm.label, canary=canary, control=control)
        values = {name: getattr(self, name) for name in Canary.model_fields if name != "arms"}
        return Canary(arms=arms, **values)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a look at a canary found: how its share ends, None while it goes on, and what is known."""

    state: State | None
    known: str


def watch_share(
    ramp: Ramp, canary: Canary, began: float, held: float, *, is_last: bool, is_cancelled: Callable[[], bool]
) -> Iterator[Look]:
    """Yield looks at a canary that began then, whose share is held since, until one ends the share.

    A canary that is worse ends any share, one that is not worse only the last; what cannot be read decides nothing.
    """
    while True:
        look = Look(state="cancelled", known="") if is_cancelled() else _look(ramp, canary, began, held, is_last)
        yield look
        if look.state:
            return
        _pause(ramp.every.total_seconds(), is_cancelled)


def _look(ramp: Ramp, canary: Canary, began: float, held: float, is_last: bool) -> Look:
    now = time.time()
    verdict, known = _judge(canary, began, now)
    if verdict == "fail":
        return Look(state="failed", known=f"fail: {known}")
    if now - held >= ramp.hold.total_seconds() and (verdict == "pass" or not is_last):
        return Look(state="passed", known=f"{verdict}: {known}")
    if now - began >= ramp.within.total_seconds():
        return Look(state="inconclusive", known=f"undecided within {ramp.within}: {known}")
    return Look(state=None, known=f"{verdict}: {known}")


def _judge(canary: Canary, began: float, now: float) -> tuple[str, str]:
    try:
        judged = judge_canary(canary, began, now)
    except HarnessError as error:
        return "undecided", str(error)
    found = judged.difference
    limits = " to ".join("?" if each is None else f"{each:+.2%}" for each in (found.lower, found.upper))
    return judged.verdict, f"{limits} of its requests beyond the control's share, {canary.lose_at_most:.2%} may be"


def _pause(seconds: float, is_cancelled: Callable[[], bool]) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not is_cancelled():
        time.sleep(min(PAUSE, seconds))


def keep_moment(folder: Path) -> float:
    """Return when this was first asked of a folder, in seconds of 1970, also after a restart."""
    kept = folder / "since"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(kept, repr(time.time()))
    return float(kept.read_text())
