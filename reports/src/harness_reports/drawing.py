"""Places curves and bars on the square of a figure."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness_reports.curves import Point
from harness_reports.figures import Bars, Chart

SIDE, LEFT, TOP = 200, 34, 8  # of the square, and what stands before and above it


@dataclass(frozen=True, kw_only=True)
class Line:
    """A curve as an SVG path, or dots (x, y, low, high); `order` picks its colour and dashes."""

    name: str
    order: int
    path: str = ""
    dots: Sequence[tuple[float, float, float, float]] = ()


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A rectangle: of the reference (side 0) or of the rows that were judged (side 1)."""

    x: float
    y: float
    width: float
    height: float
    side: int


def draw_curves(chart: Chart) -> Sequence[Line]:
    """Return the curves of a chart, the candidate's last, so that it lies on top."""
    lines = []
    for order, curve in enumerate(chart.curves):
        if curve.intervals:
            pairs = zip(curve.points, curve.intervals, strict=True)
            dots = [(*_at(point), _at((0, low))[1], _at((0, high))[1]) for point, (low, high) in pairs]
            lines.append(Line(name=curve.name, order=order, dots=dots))
        else:
            path = "L".join(f"{x} {y}" for x, y in map(_at, curve.points))
            lines.append(Line(name=curve.name, order=order, path=f"M{path}"))
    return lines[::-1]


def draw_bars(bars: Bars) -> Sequence[Bar]:
    """Return two bars for each bin, the tallest as tall as the square."""
    room = SIDE / len(bars.pairs)
    drawn = []
    for place, pair in enumerate(bars.pairs):
        for side, share in enumerate(pair):
            height = share / bars.most * SIDE
            x, y = LEFT + room * (place + 0.1 + 0.4 * side), TOP + SIDE - height
            drawn.append(
                Bar(x=round(x, 2), y=round(y, 2), width=round(0.4 * room, 2), height=round(height, 2), side=side)
            )
    return drawn


def _at(point: Point) -> Point:
    return round(LEFT + point[0] * SIDE, 1), round(TOP + (1 - point[1]) * SIDE, 1)
