"""The customers and terminals of a simulation, and which terminals each customer can reach."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fraud_target.process import Process, Stream

CHANNELS = np.array(["pos", "web", "atm"])
CHANNEL_SHARES = (0.6, 0.25, 0.15)
AGE_BANDS = np.array(["18-24", "25-44", "45-64", "65+"])
AGE_SHARES = (0.12, 0.40, 0.30, 0.18)
BLOCK = 1_000


@dataclass(frozen=True, kw_only=True)
class Population:
    """Customers by index, and a flat list of reachable terminals that each customer owns a stretch of."""

    mean_amount: NDArray[np.float64]
    payments_a_day: NDArray[np.float64]
    reachable: NDArray[np.int32]
    first_reachable: NDArray[np.int64]
    count_reachable: NDArray[np.int64]
    channel: NDArray[np.int8]
    age_band: NDArray[np.int8]

    def terminals_of(self, customer: NDArray[np.int32], luck: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return a reachable terminal for each payment, by a uniform draw in [0, 1)."""
        offset = (luck * self.count_reachable[customer]).astype(np.int64)
        chosen: NDArray[np.int32] = self.reachable[self.first_reachable[customer] + offset]
        return chosen


def populate(process: Process) -> Population:
    """Return the population of a process."""
    random = process.random(Stream.CUSTOMERS)
    homes = random.uniform(0, process.side, (process.customers, 2))
    mean_amount = random.uniform(process.least_mean_amount, process.most_mean_amount, process.customers)
    payments_a_day = random.uniform(0, process.most_payments_a_day, process.customers)
    random = process.random(Stream.TERMINALS)
    places = random.uniform(0, process.side, (process.terminals, 2))
    channel = random.choice(len(CHANNELS), process.terminals, p=CHANNEL_SHARES).astype(np.int8)
    reachable, count = _reachable(homes, places, process.radius)
    return Population(
        mean_amount=mean_amount,
        payments_a_day=np.where(count > 0, payments_a_day, 0.0),
        reachable=reachable,
        first_reachable=np.cumsum(count) - count,
        count_reachable=count,
        channel=channel,
        age_band=_age_bands(process),
    )


def _age_bands(process: Process) -> NDArray[np.int8]:
    """Return a band for each customer, drawn apart so that nothing else depends on it."""
    return process.random(Stream.AGES).choice(len(AGE_BANDS), process.customers, p=AGE_SHARES).astype(np.int8)


def _reachable(
    homes: NDArray[np.float64], places: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return every customer's terminals within the radius, end to end, and how many each has."""
    tree = KDTree(places)
    blocks = [_pairs(homes[at : at + BLOCK], tree, radius) for at in range(0, len(homes), BLOCK)]
    reachable = np.concatenate([terminals for terminals, _ in blocks])
    if not len(reachable):
        raise ValueError(f"no customer has a terminal within radius {radius}; raise the radius or the terminals")
    return reachable, np.concatenate([count for _, count in blocks])


def _pairs(homes: NDArray[np.float64], tree: KDTree, radius: float) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return what `_reachable` does, for the few customers whose distances fit into memory at once."""
    near = KDTree(homes).sparse_distance_matrix(tree, radius, output_type="ndarray")
    order = np.lexsort((near["j"], near["i"]))
    count = np.bincount(near["i"], minlength=len(homes))
    return near["j"][order].astype(np.int32), count.astype(np.int64)
