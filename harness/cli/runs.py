"""`harness runs`: what the ledger holds, in words."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from harness.cli.groups import Group
from harness.cli.printing import say
from harness.cli.project import open_ledger
from harness.cli.signers import HELP as SIGNER_HELP
from harness.cli.signers import require_run_signer, signer_of
from harness.data.declarations import duration
from harness.errors import UsageError
from harness.gating.gates import is_named
from harness.judging.phrases import describe_asked, describe_found, gain_text
from harness.judging.wording import explain
from harness.plugins.reports import Report
from harness.project import instant, open_project
from harness.records.entries import Entry
from harness.records.finding import find_run
from harness.records.runs import as_json
from harness.values.canonical import canonical_pretty
from harness.values.identity import short_identity
from harness.values.outcomes import WORST_FIRST
from harness.values.runs import Run
from harness.values.verdicts import Verdict

HEADINGS = ("run", "started (UTC)", "outcome", "suite", "candidate", "digest")
DIGITS = 12  # of a run's digest; any start of it names the run
ledger_option = click.option("--ledger", metavar="URL", help="The ledger to read.")


@click.group("runs", cls=Group)
def command() -> None:
    """List, show, compare and explain recorded runs."""


@command.command("sign")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--signer", metavar="URI", help=SIGNER_HELP)
@ledger_option
def sign_runs(folders: Sequence[Path], signer: str | None, ledger: str | None) -> int:
    """Sign the runs that `harness run --out DIR` wrote, where no suite or plugin runs beside the key."""
    from harness.records.artefacts import read_artefacts  # noqa: PLC0415 - Arrow, which the other commands do without
    from harness.records.evidence_store import open_bundle  # noqa: PLC0415 - Arrow
    from harness.signing.keeping import keep_signature  # noqa: PLC0415 - costs half a second to import

    project = open_project()
    sign = require_run_signer(project, signer, open_ledger(project, ledger))
    for each in read_artefacts(folders):
        keep_signature(each.run, sign(each.run), None, open_bundle(project.evidence()), each.folder)
        say(f"signed {each.run.suite}: {short_identity(each.run.candidate)}, run {each.run.id}")
    return 0


@command.command("import")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@ledger_option
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
def record_runs(folders: Sequence[Path], ledger: str | None, gates: Path | None) -> int:
    """Record the runs that `harness run --out DIR` wrote elsewhere, with their evidence and statements."""
    from harness.records.artefacts import import_runs, read_artefacts  # noqa: PLC0415 - as above
    from harness.records.evidence_store import open_bundle  # noqa: PLC0415 - Arrow
    from harness.signing.keeping import import_signatures  # noqa: PLC0415 - as above

    project = open_project(gates)
    book, store = open_ledger(project, ledger), open_bundle(project.evidence())
    found = read_artefacts(folders)
    recorded = import_runs(found, book, store)
    import_signatures(found, book, store)
    say(f"recorded {len(recorded)} of {len(found)} runs; the ledger had the others")
    return 0


@command.command("attest")
@click.argument("run")
@click.option("--signer", metavar="URI", help=SIGNER_HELP)
@ledger_option
def attest(run: str, signer: str | None, ledger: str | None) -> int:
    """Print one run as in-toto's standard test result, signed, for tools that know nothing of this harness."""
    from harness.signing.test_results import sign_test_result  # noqa: PLC0415 - costs half a second to import

    found = _read_run(run, ledger)
    say(sign_test_result(found, signer_of(open_project(), signer), datetime.now(UTC)).rstrip())
    return 0


@command.command("list")
@ledger_option
@click.option("--suite", metavar="NAME", help="Only runs of this suite.")
@click.option("--candidate", metavar="NAME", help="Only runs of this revision, digest or start of a digest.")
@click.option("--outcome", type=click.Choice(WORST_FIRST), help="Only runs that ended so.")
@click.option("--since", metavar="TIME", help="Only runs since then: a date or time (UTC), or a span, as in 7d.")
def list_runs(
    ledger: str | None, suite: str | None, candidate: str | None, outcome: str | None, since: str | None
) -> int:
    """List runs, newest first."""
    start = _since(since)
    found = [
        entry
        for entry in reversed(open_ledger(open_project(), ledger).entries("run"))
        if suite in (None, entry.suite)
        and outcome in (None, entry.outcome)
        and (candidate is None or is_named(candidate, entry.identity))
        and (start is None or entry.moment >= start)
    ]
    if found:
        say("\n".join(_table([HEADINGS, *map(_cells, found)])))
    return 0


@command.command("show")
@click.argument("run")
@ledger_option
@click.option("--json", "as_text", is_flag=True, help="Print the whole record as JSON.")
def show(run: str, ledger: str | None, as_text: bool) -> int:
    """Show one run's verdicts."""
    found = _read_run(run, ledger)
    project = open_project()
    if as_text:
        say(canonical_pretty(as_json(found)).rstrip())
    else:
        say(project.plugins.reporter("terminal")(Report(runs=[found]), project.settings.store / "reports"))
    return 0


@command.command("explain")
@click.argument("run")
@click.argument("metric", required=False)
@ledger_option
def explain_run(run: str, metric: str | None, ledger: str | None) -> int:
    """Explain a run's verdicts, or those of one METRIC, in plain words."""
    found = _read_run(run, ledger)
    chosen = [verdict for verdict in found.verdicts if metric in (None, verdict.metric, verdict.name)]
    if not chosen:
        raise UsageError(f"run {found.id} judged no {metric!r}; it judged {', '.join(v.name for v in found.verdicts)}")
    say("\n\n".join(explain(verdict) for verdict in chosen))
    return 0


@command.command("compare")
@click.argument("first")
@click.argument("second")
@ledger_option
def compare_runs(first: str, second: str, ledger: str | None) -> int:
    """Compare the verdicts of two runs, requirement by requirement."""
    before, after = _read_run(first, ledger), _read_run(second, ledger)
    say("\n".join(_differences(before, after)))
    return 0


def _differences(before: Run, after: Run) -> Iterator[str]:
    """Yield a line for each requirement whose verdict or value is another; the others are counted."""
    pairs = _pair_verdicts(before, after)
    moved = {name: pair for name, pair in pairs.items() if _outcome(pair[0]) != _outcome(pair[1])}
    drifted = {name: pair for name, pair in pairs.items() if name not in moved and _short(pair[0]) != _short(pair[1])}
    yield f"{before.id} {short_identity(before.candidate)}  ->  {after.id} {short_identity(after.candidate)}"
    yield from (f"  {name}: {_change(*pair)}" for name, pair in (*moved.items(), *drifted.items()))
    same = len(pairs) - len(moved) - len(drifted)
    counts = f"{len(moved)} verdicts changed, {len(drifted)} more values changed, {same} unchanged"
    yield f"{before.outcome} -> {after.outcome}: {counts}"


def _pair_verdicts(before: Run, after: Run) -> Mapping[str, tuple[Verdict | None, Verdict | None]]:
    left, right = _by_name(before), _by_name(after)
    return {name: (left.get(name), right.get(name)) for name in dict.fromkeys([*left, *right])}


def _by_name(run: Run) -> Mapping[str, Verdict]:
    """Return the verdicts by what is asked about, whatever it must reach; of several, numbered."""
    found: dict[str, Verdict] = {}
    for verdict in run.verdicts:
        name = f"{verdict.step} {verdict.title}"
        count = sum(other == name or other.startswith(f"{name} #") for other in found)
        found[f"{name} #{count + 1}" if count else name] = verdict
    return found


def _change(one: Verdict | None, other: Verdict | None) -> str:
    notes = "; ".join(_notes(one, other)) if one and other else ""
    return f"{_short(one)}  ->  {_short(other)}{f'  ({notes})' if notes else ''}"


def _notes(one: Verdict, other: Verdict) -> Iterator[str]:
    """Yield by how much the value is another, and what is asked where that is."""
    if one.estimate and other.estimate and one.estimate.value != other.estimate.value:
        yield gain_text(other, other.estimate.value - one.estimate.value)
    then, now = describe_asked(one).brief, describe_asked(other).brief
    if then != now:
        yield f"{then} was asked, now {now}"


def _short(verdict: Verdict | None) -> str:
    return "not judged" if verdict is None else f"{verdict.outcome} {describe_found(verdict)}"


def _outcome(verdict: Verdict | None) -> str:
    return "not judged" if verdict is None else verdict.outcome


def _cells(entry: Entry) -> Sequence[str]:
    """Return a line of the list; all that it says stands in the entry, so that no run is read."""
    who, digest = short_identity(entry.identity), (entry.digest or "").removeprefix("sha256:")[:DIGITS]
    return entry.id, f"{entry.moment:%Y-%m-%d %H:%M}", entry.outcome or "", entry.suite or "", who, digest


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _since(text: str | None) -> datetime | None:
    """Return the time that --since gives, or that so long ago was."""
    try:
        ago = duration(text) if text else None
    except ValueError:
        return instant(text, "--since")
    return datetime.now(UTC) - ago if ago else None


def _read_run(key: str, url: str | None) -> Run:
    book = open_ledger(open_project(), url)
    (run,) = book.read_runs([find_run(book.entries("run"), key)])
    return run
