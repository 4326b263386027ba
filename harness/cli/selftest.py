"""`harness selftest`: how steady the gate is about a candidate that does not change."""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from harness.cli.printing import say
from harness.cli.project import EXIT
from harness.credentials import refuse_credentials
from harness.project import open_project, pairs
from harness.selftests.selftest import Trials, resample_trials, simulate_trials
from harness.suite.suites import read_suite
from harness.values.canonical import canonical_pretty
from harness.values.outcomes import GateOutcome

SHOWN: tuple[GateOutcome, ...] = ("pass", "inconclusive", "fail", "error")
CONTRADICTED = 0.01  # of pairs; two decisions on fresh samples of anything contradict at most 0.5 % of the time


@click.command("selftest")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--times", type=click.IntRange(min=2), default=50, show_default=True, help="Fresh samples of each kind.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the samples.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Value of the suite's parameter.")
@click.option("--json", "as_text", is_flag=True, help="Print the counts as JSON.")
def command(path: Path | None, times: int, seed: int, params: Sequence[str], as_text: bool) -> int:
    """Ask the real gate about one unchanged candidate again and again, each time on fresh rows.

    Without PATH the rows are simulated: of a candidate that is good enough, and of one exactly at the threshold. With
    the PATH of a suite its own rows are drawn again. Exit code 1 where decisions contradict each other.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = list(_trials(path, pairs(params), Path(folder), times, seed))
    seconds = time.monotonic() - started
    say(
        canonical_pretty([_as_json(each) for each in found]).rstrip()
        if as_text
        else "\n".join(_report_lines(found, seconds))
    )
    if any("error" in each.decisions for each in found):
        return EXIT["error"]
    return EXIT["fail"] if any(each.contradictions > CONTRADICTED for each in found) else 0


def _trials(path: Path | None, params: Mapping[str, str], folder: Path, times: int, seed: int) -> Iterator[Trials]:
    if path is None:
        yield from simulate_trials(folder, times, seed)
    else:
        project = open_project()
        refuse_credentials("harness selftest", os.environ, project.signer(os.environ), project.ledger_url(None))
        yield resample_trials(read_suite(path, params, os.environ), project.plugins, folder, times, seed)


def _report_lines(found: Sequence[Trials], seconds: float) -> Iterator[str]:
    yield "One candidate that does not change, asked about on fresh rows each time, through run, ledger and gate:"
    for each in found:
        counts = Counter(each.decisions)
        yield f"\n{each.name}"
        yield f"  the gate said         {', '.join(f'{counts[name]} {name}' for name in SHOWN if counts[name])}"
        yield f"  two answers differ    {100 * each.flips:.1f} % of the time"
        yield f"  pass against fail     {100 * each.contradictions:.1f} % of the time"
        bare = Counter(each.bare)
        message = f"{bare['pass']} pass, {bare['fail']} fail: pass against fail {100 * each.bare_contradictions:.1f} %"
        yield f"  a bare threshold      {message}"
    yield f"\ntook {seconds:.0f} s"


def _as_json(each: Trials) -> dict[str, object]:
    return {
        "name": each.name,
        "decisions": dict(Counter(each.decisions)),
        "flips": each.flips,
        "contradictions": each.contradictions,
        "bare": dict(Counter(each.bare)),
        "bare_contradictions": each.bare_contradictions,
    }
