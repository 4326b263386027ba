"""The chance that a weighted sum of exponential variables is at least 0, without drawing any."""

import math

import numpy as np

from harness.stats.columns import Numbers

STEP, BATCH = 0.12, 24
FINEST = 1e-13  # what a term adds no more than ends the sum
FURTHEST = 40.0
DEEPEST = 40.0  # normal deviates


def chance_above_zero(weights: Numbers, times: Numbers) -> float:
    """Return P(sum of weights * E >= 0), where each E is Gamma(times): that many standard exponentials.

    Inverts the moment generating function along a line through its saddlepoint (Daniels 1954), by the trapezoidal rule
    after y = sinh(u), whose error falls exponentially (Trefethen, Weideman 2014): 10 digits, at any tail.
    """
    largest, least = float(weights.max()), float(weights.min())
    if least >= 0 or largest <= 0:
        return float(least >= 0)
    held = weights != 0
    scaled, times = weights[held] / max(largest, -least), times[held]
    at = _saddlepoint(scaled, times)
    curvature = float(times @ (scaled / (1 - at * scaled)) ** 2)
    at = at if abs(at) * math.sqrt(curvature) >= 1 else _beside_zero(scaled, at, curvature)
    tail = _integral(scaled, times, at)
    return min(1.0, max(0.0, tail if at > 0 else 1 + tail))


def approximate_deviate(weights: Numbers, times: Numbers) -> float:
    """Return about the normal deviate whose upper tail is that chance: r* (Barndorff-Nielsen 1986).

    Good to a few thousandths, and quick: a start for those who search.
    """
    if weights.min() >= 0 or weights.max() <= 0:
        return math.copysign(DEEPEST, -float(weights.max()))
    scaled = weights / float(np.abs(weights).max())
    at = _saddlepoint(scaled, times)
    ratio = scaled / (1 - at * scaled)
    root = math.copysign(math.sqrt(2 * max(0.0, float(times @ np.log1p(-at * scaled)))), at)
    slope = at * math.sqrt(float(times @ ratio**2))
    return root + math.log(slope / root) / root if abs(root) > 1e-3 and slope * root > 0 else root


def _beside_zero(weights: Numbers, at: float, curvature: float) -> float:
    """Return a point at a distance from the pole at 0 that is wide enough for the integral, yet within its domain."""
    side = 1 if at >= 0 else -1
    end = 1 / float(weights.max() if side > 0 else weights.min())
    return side * min(1 / math.sqrt(curvature), abs(end) / 2)


def _saddlepoint(weights: Numbers, times: Numbers) -> float:
    """Return where the cumulant generating function -sum(times * log(1 - s * weights)) is least, by Newton."""
    low, high, at = 1 / float(weights.min()), 1 / float(weights.max()), 0.0
    for _ in range(200):
        ratio = weights / (1 - at * weights)
        slope, curvature = float(times @ ratio), float(times @ ratio**2)
        if slope**2 <= 1e-12 * curvature:
            break
        low, high = (at, high) if slope < 0 else (low, at)
        step = at - slope / curvature
        at = step if low < step < high else (low + high) / 2
    return at


def _integral(weights: Numbers, times: Numbers, at: float) -> float:
    """Return the inversion integral through `at`: the upper tail where it is above 0, else minus the lower one."""
    ratio = weights / (1 - at * weights)
    scale = 1 / math.sqrt(float(times @ ratio**2))
    start = -float(times @ np.log1p(-at * weights))
    total, u = 0.0, STEP * np.arange(BATCH)
    while u[0] < FURTHEST:
        y = np.sinh(u)
        along, slope = _bend(scale * ratio, times, y)
        size, turn = _sum_logarithms(scale * ratio, times, along, y)
        path = at + scale * (along + 1j * y)
        terms = np.imag(np.exp(start - size - 1j * turn) / path * scale * (slope + 1j) * np.cosh(u))
        terms[0] *= 0.5 if u[0] == 0 else 1.0
        total += float(terms.sum())
        if np.abs(terms[-3:]).max() <= FINEST * abs(total):
            break
        u = u + STEP * BATCH
    return STEP * total / math.pi


def _bend(ratio: Numbers, times: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Return how far the path lies beside a straight line at each height, and its slope.

    It leans to where the integrand falls. Straight on, many small weights, which add up to all but a constant, would
    make it turn round and round while a single large one hardly makes it smaller.
    """
    squares = np.outer(y**2, ratio**2)
    pull = -(1 / (1 + squares)) @ (times * ratio)
    change = 2 * y * ((1 / (1 + squares) ** 2) @ (times * ratio**3))
    near = y**2 / (1 + y**2)
    lean = pull * near
    steep = change * near + pull * 2 * y / (1 + y**2) ** 2
    root = np.sqrt(1 + lean**2)
    return y * lean / root / 2, (lean / root + y * steep / root**3) / 2


def _sum_logarithms(ratio: Numbers, times: Numbers, along: Numbers, up: Numbers) -> tuple[Numbers, Numbers]:
    """Return the sums of times * log(1 - ratio * (along + i up)): the logarithms of the sizes, and the angles."""
    real, imaginary = np.outer(along, ratio), np.outer(up, ratio)
    size = np.log1p(real * (real - 2) + imaginary**2) @ times / 2
    turn = np.arctan2(-imaginary, 1 - real) @ times
    return size, turn
