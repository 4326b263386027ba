"""When requests are due: decided beforehand, so that a slow answer cannot put off the next request."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness import UsageError

Seconds = NDArray[np.float64]
Arrivals = Literal["constant", "poisson"]


def schedule(rate: float, duration: float, arrivals: Arrivals, seed: int) -> Seconds:
    """Return the instants, in seconds from the start, at which requests are due; rate x duration of them."""
    if rate <= 0 or duration <= 0:
        raise UsageError(f"a load has a rate and a duration above 0; found {rate:g}/s for {duration:g} s")
    count = round(rate * duration)
    if arrivals == "constant":
        return np.arange(count) / rate
    # Given their number, the arrivals of a Poisson process are uniform draws put in order.
    return np.sort(np.random.default_rng(seed).uniform(0, duration, count))
