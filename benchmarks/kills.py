"""Kills the control plane at random moments while pushes come in: python -m benchmarks.kills --kills 100.

From the root of a clone with the group `control`. Stops where a push was lost or led twice, or an effect was not seen
exactly once; `ci/tests/test_killed.py` does the same with 20 kills.
"""

import argparse
import tempfile
import time
from pathlib import Path

from ci.tests.kills import kill_again_and_again
from ci.tests.plant import make_plant


def main() -> None:
    """Kill, look, and print what was seen."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--seed", type=int, default=7)
    found = options.parse_args()
    plant, began = make_plant(Path(tempfile.mkdtemp(prefix="kills-")), "http://127.0.0.1:9"), time.monotonic()
    try:
        seen = kill_again_and_again(plant, found.kills, found.seed)
        seen.check()
    finally:
        plant.kill()
    print(f"{found.kills} kills in {time.monotonic() - began:.0f} s, {seen.busy} while a pipeline was under way")
    print(f"each once: {len(seen.taken)} pushes acknowledged, {len(seen.led)} led", end=", ")
    print(f"{len(seen.pipelines)} pipelines passed, {len(seen.effects)} effects")


if __name__ == "__main__":
    main()
