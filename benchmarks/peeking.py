"""Counts how often a canary exactly at its limit passes at some look: python -m benchmarks.peeking --trials 20000.

From the root of a clone with the group `control`; `ci/tests/test_canaries.py` does the same with 400.
"""

import argparse
import time

from ci.tests.peeking import count_passed


def main() -> None:
    """Simulate, count and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=20000)
    options.add_argument("--seed", type=int, default=15)
    found = options.parse_args()
    began = time.monotonic()
    passed = count_passed(found.trials, found.seed)
    print(f"{passed} of {found.trials} passed ({passed / found.trials:.2%}), in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
