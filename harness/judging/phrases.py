"""Puts the parts of a verdict into words: what was asked, what was found, a value, a distance from a baseline."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from harness.judging.questions import Finding
from harness.values.requirements import BoundKind
from harness.values.statistics import describe_statistic
from harness.values.verdicts import Verdict

NOTHING = "-"
MOST_DIGITS = 8  # of a percentage: beyond them values are taken for equal
VERBS: Mapping[BoundKind, tuple[str, str]] = {
    "at_least": ("at least", "was asked"),
    "at_most": ("at most", "was asked"),
    "lose_at_most": ("a loss of at most", "was allowed"),
    "gain_at_least": ("a gain of at least", "was asked"),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a requirement asks, in parts: `at least`, `75 %`, `was asked`; a comparison names its baseline."""

    verb: str
    value: str
    ending: str
    against: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.value} {self.ending}"

    @property
    def brief(self) -> str:
        """Return it as it reads below a heading that says "asked"."""
        return f"{self.verb} {self.value}{f' against {self.against}' if self.against else ''}"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found, in parts: `79.9 %`, `73.9 %`, `85.1 %`; no bounds if none are known or both are the value."""

    value: str = ""
    lower: str = ""
    upper: str = ""

    def __str__(self) -> str:
        return f"{self.value} ({self.between})" if self.between else self.value or NOTHING

    @property
    def between(self) -> str:
        """Return the interval: `73.9 % to 85.1 %`, or nothing."""
        return f"{self.lower} to {self.upper}" if self.lower else ""


def describe_asked(verdict: Verdict | Finding) -> Asked:
    """Return what the requirement asks for."""
    bound = verdict.requirement.bound
    verb, ending = VERBS[bound.kind]
    value = (distance_text if bound.is_comparison else value_text)(verdict, bound.value)
    return Asked(verb=verb, value=value, ending=ending, against=verdict.requirement.versus or "")


def describe_found(verdict: Verdict) -> Found:
    """Return the value that was found and its bounds."""
    estimate = verdict.estimate
    if estimate is None:
        return Found()
    text = value_text if verdict.requirement.versus is None else gain_text
    value = text(verdict, estimate.value)
    if estimate.lower is None or estimate.lower == estimate.upper:
        return Found(value=value)
    upper = "not known" if estimate.upper is None else text(verdict, estimate.upper)
    return Found(value=value, lower=text(verdict, estimate.lower), upper=upper)


def value_text(verdict: Verdict | Finding, value: float) -> str:
    """Return a value the way its statistic is spoken of: shares as percentages, the rest as numbers."""
    if describe_statistic(verdict.statistic).shown_as == "share":
        return f"{_percent(value, _digits(verdict))} %"
    if describe_statistic(verdict.statistic).shown_as == "difference":
        return f"{_sign(value)}{abs(value):.4g}"
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def position_text(verdict: Verdict | Finding, value: float) -> str:
    """Return a value in words; against a baseline, how far from it."""
    if verdict.requirement.versus is None:
        return value_text(verdict, value)
    return f"{distance_text(verdict, abs(value))} {'above' if value >= 0 else 'below'} {verdict.requirement.versus}"


def gain_text(verdict: Verdict | Finding, value: float) -> str:
    """Return with its sign how far a value lies from the baseline's: `+2.5 points`, `-0.01`."""
    return f"{_sign(value)}{distance_text(verdict, abs(value))}"


def _sign(value: float) -> str:
    return "+" if value > 0 else "-" if value < 0 else ""


def distance_text(verdict: Verdict | Finding, value: float) -> str:
    """Say how far two values lie apart: two shares by points, as 2 % of 80 % would be something else."""
    if describe_statistic(verdict.statistic).shown_as != "share":
        return value_text(verdict, value).removeprefix("+")
    points = _percent(value, _digits(verdict))
    return f"{points} point{'' if points == '1' else 's'}"


def _digits(verdict: Verdict | Finding) -> int:
    """Return how many decimals of percentages tell what was asked from what was found."""
    estimate = verdict.estimate
    found = (estimate.value, estimate.lower, estimate.upper) if estimate else ()
    return _digits_apart(verdict.requirement.bound.value, found)


@lru_cache(maxsize=64)  # a verdict's values are written several times, one after the other
def _digits_apart(asked: float, found: tuple[float | None, ...]) -> int:
    others = [abs(value) for value in found if value is not None and abs(value) != asked]
    for digits in range(1, MOST_DIGITS):
        if _percent(asked, digits) not in [_percent(value, digits) for value in others]:
            return digits
    return MOST_DIGITS


def _percent(value: float, digits: int) -> str:
    """Return a share as a percentage with so many decimals, or more where it would seem to be nothing or all."""
    percent = 100 * value
    while digits < MOST_DIGITS and round(percent, digits) in (0, 100) and percent not in (0, 100):
        digits += 1
    text = f"{percent:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def round_up(n: int) -> int:
    """Return a number rounded up to two leading digits: a plan is not exact."""
    step = int(10 ** max(len(str(n)) - 2, 0))
    return -(-n // step) * step
