"""`harness run`: measures, judges, records, reports; beside a key, or a ledger elsewhere, another process measures."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import click

from harness.cli import apart
from harness.cli.credentials import has_secrets
from harness.cli.signers import HELP as SIGNER_HELP
from harness.errors import UsageError
from harness.project import open_project
from harness.values.calls import Replay
from harness.values.runs import LEVELS, TRIGGERS

REPLAYS = get_args(Replay)


@click.command("run")
@click.argument("paths", nargs=-1)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Value of a suite's parameter.")
@click.option("--as-of", metavar="TIME", help="Clock of maturity and windows (ISO 8601, UTC); default now.")
@click.option("--report", "reports", multiple=True, metavar="NAME", help="Further report: html, junit, markdown, ...")
@click.option("--json", "as_text", is_flag=True, help="Print the runs as JSON instead of a table.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Write run.json of each suite, summary.json."
)
@click.option("--executor", default="threads", metavar="NAME", help="What performs the work units.")
@click.option("--evidence", type=click.Choice(LEVELS), default="ids", help="Which rows are kept behind a verdict.")
@click.option("--trigger", type=click.Choice(TRIGGERS), default="manual", help="Why this runs.")
@click.option("--timeout", metavar="SPAN", help="Steps that end later than this, or never, are errors, as in 30m.")
@click.option(
    "--ledger", metavar="URL", help="Where the run is recorded: a SQLAlchemy URL, git:BRANCH, or s3:// or abfs://."
)
@click.option("--replay", type=click.Choice(REPLAYS), help="Which recorded answers of models stand for new ones.")
@click.option("--budget", metavar="AMOUNT", help="The most that calls to models may cost, as in 5.00.")
@click.option("--register", is_flag=True, help="Record what is asked, of whom and on which rows, before measuring.")
@click.option("--no-record", is_flag=True, help="Read earlier runs, record none: `harness gate --run DIR` does.")
@click.option("--signer", metavar="URI", help=SIGNER_HELP)
@click.option(
    "--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file, which may name a ledger."
)
@click.option(apart.OPTION, type=int, hidden=True)
def command(
    paths: Sequence[str],
    params: Sequence[str],
    as_of: str | None,
    reports: Sequence[str],
    as_text: bool,
    out: Path | None,
    executor: str,
    evidence: str,
    trigger: str,
    timeout: str | None,
    ledger: str | None,
    replay: Replay | None,
    budget: str | None,
    register: bool,
    no_record: bool,
    signer: str | None,
    gates: Path | None,
    lent: int | None,
) -> int:
    """Run suite files, or all *.suite.yaml below a folder: measure, judge, record."""
    if register and no_record:
        raise UsageError("--register records before measuring, and --no-record records nothing; leave one out")
    project = open_project(gates)
    if lent is None and has_secrets(project, signer, ledger):
        return apart.measure_apart(click.get_current_context(), project, records=not no_record)
    from harness.cli.measuring import Wanted, measure  # noqa: PLC0415 - costs a second, and who only signs goes without

    wanted = Wanted(
        paths=paths,
        params=params,
        as_of=as_of,
        reports=reports,
        as_text=as_text,
        out=out,
        executor=executor,
        evidence=evidence,
        trigger=trigger,
        timeout=timeout,
        replay=replay,
        budget=budget,
        register=register,
        no_record=no_record,
        ledger=ledger,
    )
    return measure(wanted, project, None if lent is None else apart.lent_storage(lent))
