"""The fraud model under `ci/pipelines.yaml`, event by event, beside a real MLflow server: python -m benchmarks.control.

From the root of a clone with the group `control`. `--full` simulates payments of full size and asks the published
suite; without it a fifth of them is asked what a fifth can decide. Prints what became of each event, and its seconds.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient

from ci.tests.fraud import SECRETS, SMALL, SUITE, champion, deploys, make_fraud, new_payments, replace_all
from ci.tests.plant import Plant
from tests.support.registered import serve_mlflow
from tests.support.repository import commit_all, git

MODEL = "targets/fraud/src/fraud_target/model.py"
WORSE = {'payments["is_fraud"])\n    return classifier': '1 - payments["is_fraud"])\n    return classifier'}
PATIENCE = 3600  # seconds that an event may take
BETTER = "gain_at_least: 0.005"


@dataclass(frozen=True, kw_only=True)
class World:
    """A control plane, its MLflow server, and how many customers pay."""

    plant: Plant
    uri: str
    customers: int

    def edit(self, file: str, changes: dict[str, str]) -> None:
        """Change a file of the working clone."""
        path = self.plant.work / file
        path.write_text(replace_all(path.read_text(), changes))

    def push_untold(self) -> None:
        """Push to the protected branch, and deliver no webhook."""
        commit_all(self.plant.work)
        git(self.plant.work, "push", "--quiet", "origin", "HEAD:main")

    def tell(self) -> None:
        """Push, and deliver the webhook."""
        self.plant.tell_push(*self.plant.push())

    def versions(self) -> int:
        """Return how many versions of the model were trained."""
        return len(MlflowClient(tracking_uri=self.uri).search_model_versions("name = 'fraud'"))


def events(world: World, asked: str) -> dict[str, Callable[[], None]]:
    """Return what happens, one after the other; `asked` is what the suite asks of the champion's AUC."""

    def worse() -> None:
        world.edit(MODEL, WORSE)
        world.tell()

    def new_data() -> None:
        world.edit(MODEL, {after: before for before, after in WORSE.items()})
        world.push_untold()
        new_payments(world.plant.folder, world.uri, world.customers, 2)

    def new_data_to_gain() -> None:
        world.edit(SUITE, {asked: BETTER})
        world.push_untold()
        new_payments(world.plant.folder, world.uri, world.customers, 3)

    def broken_data() -> None:
        new_payments(world.plant.folder, world.uri, world.customers, 4, "--plant", "schema")

    return {
        "a good change is pushed": world.tell,
        "a bad change is pushed": worse,
        f"new data; the suite asks {asked}": new_data,
        f"new data; the suite asks {BETTER}": new_data_to_gain,
        "new data of another schema": broken_data,
        "an alert, opted into rollback": lambda: world.plant.fire("f1", target="fraud") and None,
    }


def play(world: World, asked: str) -> None:
    """Let all happen, and print a row of a table for each."""
    print(
        "| event | seconds | became | why | trained | champion | deployed |\n|---|---|---|---|---|---|---|", flush=True
    )
    for number, (name, happen) in enumerate(events(world, asked).items(), 1):
        trained, began, started = world.versions(), time.monotonic(), len(deploys(world.plant))
        happen()
        last = world.plant.ended(number, PATIENCE)[-1]
        why = " ".join(last["reason"].split())[:160]
        row: list[object] = [name, f"{time.monotonic() - began:.0f}", last["state"], why, world.versions() - trained]
        row += [champion(world.uri), ", ".join(deploys(world.plant)[started:])]
        print(f"| {' | '.join(map(str, row))} |", flush=True)


def main() -> None:
    """Make the world in a folder that is thrown away, and play."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--full", action="store_true")
    options.add_argument("--folder", type=Path)
    found = options.parse_args()
    customers, suite = (16000, {}) if found.full else (3000, SMALL)
    asked = f"lose_at_most: {'0.01' if found.full else '0.15'}"
    folder = (found.folder or Path(tempfile.mkdtemp(prefix="control-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with serve_mlflow(folder) as uri:
        plant = make_fraud(folder, "http://127.0.0.1:9", uri, customers, suite)
        plant.serve(**SECRETS, MLFLOW_TRACKING_URI=uri)
        try:
            play(World(plant=plant, uri=uri, customers=customers), asked)
        finally:
            plant.kill()


if __name__ == "__main__":
    main()
