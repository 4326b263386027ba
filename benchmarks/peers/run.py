"""Times one job beside its floor and its peers: same files, same machine, same run; only the ratios count.

Usage: python benchmarks/peers/run.py --job drift|validation|bias [--rows 100000,1000000] [--peers all|none|NAME,...]
           [--repeats 3] [--folder DIR] [--environments DIR] [--into docs/performance.md]
Each contestant is a process of its own, a peer in an environment of its own, capped at 600 s and 16 GiB. Whoever took
more than 20 s runs once, the others take turns for the repeats. Peers run up to 1,000,000 rows. What does not install
or does not finish is told in its place in the table.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from contests import CONTESTANTS, JOBS, Contestant
from data import SMALL, written
from environments import prepared, variables
from reported import Rounds, machine, moment, put, table, versions
from watched import Cap, Round, watch

HERE = Path(__file__).parent
CHEAP = 20.0


def options() -> argparse.Namespace:
    """Return what was asked."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--job", choices=JOBS, required=True)
    asked.add_argument("--rows", default="100000,1000000")
    asked.add_argument("--peers", default="all")
    asked.add_argument("--peers-up-to", type=int, default=1_000_000)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=600)
    asked.add_argument("--gib", type=float, default=16)
    asked.add_argument("--folder", type=Path)
    asked.add_argument("--environments", type=Path)
    asked.add_argument("--prepare", action="store_true", help="only write the tables and make the environments")
    asked.add_argument("--into", type=Path, help="a document with markers for the table")
    return asked.parse_args()


def chosen(job: str, peers: str) -> Sequence[Contestant]:
    """Return the contestants of a job; peers by name, pins or all."""
    names = peers.split(",")
    mine = [each for each in CONTESTANTS if each.job == job]
    known = {name for each in mine for name in (each.name, each.pins)}
    if unknown := {*names} - known - {"all", "none"}:
        raise SystemExit(
            f"no peer {', '.join(sorted(unknown))} for {job}; there is {', '.join(sorted(filter(None, known)))}"
        )
    return [each for each in mine if not each.is_peer or "all" in names or {each.name, each.pins} & {*names}]


def time_contestant(contestant: Contestant, data: Path, small: Path, environments: Path, cap: Cap) -> Round:
    """Return one round of one contestant, in a folder that is thrown away."""
    environment = prepared(contestant.pins, environments)
    if environment.python is None:
        return Round(failure=environment.failure)
    script = HERE / "contestants" / contestant.script
    with tempfile.TemporaryDirectory() as scratch:
        command = [environment.python, HERE / "alone.py", script, contestant.entry, data, small]
        arguments = [*map(str, command), ",".join(contestant.packages)]
        return watch(arguments, variables(), Path(scratch), cap)


def contest(asked: argparse.Namespace, folder: Path, environments: Path) -> Rounds:
    """Return all rounds by rows and contestant, taken in turns, so that a slow minute hits everybody."""
    rounds: dict[tuple[int, Contestant], list[Round]] = {}
    small, cap = written(asked.job, SMALL, folder), Cap(seconds=asked.seconds, gib=asked.gib)
    for rows in map(int, asked.rows.split(",")):
        data = written(asked.job, rows, folder)
        for number in range(asked.repeats):
            for contestant in chosen(asked.job, asked.peers):
                found = rounds.setdefault((rows, contestant), [])
                if contestant.is_peer and rows > asked.peers_up_to:
                    rounds.pop((rows, contestant))
                elif number == 0 or is_cheap(found):
                    found.append(time_contestant(contestant, data, small, environments, cap))
                    tell(rows, contestant, found[-1])
    return rounds


def is_cheap(found: Sequence[Round]) -> bool:
    """Tell whether a further round is cheap."""
    return bool(found) and all(each.seconds is not None and each.seconds <= CHEAP for each in found)


def tell(rows: int, contestant: Contestant, found: Round) -> None:
    """Say on standard error how far it is."""
    took = found.failure or f"{found.seconds:.2f} s, {found.cpu:.2f} CPU s, {found.numbers} numbers"
    print(f"{rows:>10,}  {contestant.name:22} {took}, {found.peak_mib} MiB, {moment()}", file=sys.stderr, flush=True)


def prepare(asked: argparse.Namespace, folder: Path, environments: Path) -> None:
    """Write tables and make environments, and time nothing."""
    for rows in (SMALL, *map(int, asked.rows.split(","))):
        written(asked.job, rows, folder)
    for contestant in chosen(asked.job, asked.peers):
        print(contestant.name, prepared(contestant.pins, environments).failure or "is ready", file=sys.stderr)


def main() -> None:
    """Run the contest and print the table, or put it into a document."""
    asked, scratch = options(), Path(tempfile.mkdtemp())
    folder, environments = ((each or scratch / name).resolve() for each, name in _places(asked))
    try:
        if asked.prepare:
            prepare(asked, folder, environments)
            return
        began = moment()
        rounds = contest(asked, folder, environments)
        text = f"{table(rounds)}\n\n{machine()}; from {began} to {moment()}. Versions: {versions(rounds)}."
        print(text)
        if asked.into:
            put(text, asked.job, asked.into)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _places(asked: argparse.Namespace) -> Sequence[tuple[Path | None, str]]:
    return (asked.folder, "tables"), (asked.environments, "environments")


if __name__ == "__main__":
    main()
