"""Simulates canaries exactly at the limit, which a test that peeked as it liked would pass far too often."""

import numpy as np
from harness_ci.canaries import _decide as decide

from harness import estimate, samples

LOOKS, A_LOOK, LIMIT = 10, 4000, 0.02  # looks, requests between two of them, and how much worse a canary may be


def count_passed(trials: int, seed: int) -> int:
    """Return how many of so many canaries passed at some look, while the split went from 5 to 10 %."""
    chance = np.random.default_rng(seed)
    return sum(_passes(chance) for _ in range(trials))


def _passes(chance: np.random.Generator) -> bool:
    columns: list[tuple[int, int, int, int]] = []
    for look in range(LOOKS):
        share = 0.05 + 0.05 * (look // 5)
        n, m = int(A_LOOK * share), int(A_LOOK * (1 - share))
        base = 0.02 + 0.002 * look  # the day gets worse for both
        columns.append((int(chance.binomial(n, base + LIMIT)), n, int(chance.binomial(m, base)), m))
        k, of, k_ref, n_ref = (list(column) for column in zip(*columns, strict=True))
        if decide(estimate(samples.canary(k=k, n=of, k_ref=k_ref, n_ref=n_ref)), LIMIT) == "pass":
            return True
    return False
