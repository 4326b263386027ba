"""`harness rag`: how often a judge errs, and what it says of single answers."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from harness_rag.calibrating import Calibration, calibrate
from harness_rag.judges import find_judge
from harness_rag.labels import read_answers

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def command() -> None:
    """Measure how often judges of answers err, and ask them about single answers."""


@command.command("calibrate")
@click.argument("judge")
@click.option("--labels", type=FILE, required=True, help="JSON lines: answer, contexts, label 0 or 1, maybe question.")
@click.option("--json", "as_json", is_flag=True, help="Print each figure with its interval as JSON.")
def calibrate_judge(judge: str, labels: Path, as_json: bool) -> None:
    """Measure sensitivity, specificity, AUROC and agreement of JUDGE on answers that people labelled."""
    found = calibrate(find_judge(judge), labels)
    if as_json:
        click.echo(json.dumps({**asdict(found), "level": 0.95, "fit": not found.unfit}, indent=2))
        return
    for line in _lines(found):
        click.echo(line)


@command.command("score")
@click.argument("judge")
@click.option("--answers", type=FILE, required=True, help="JSON lines: answer, contexts, maybe question.")
def score(judge: str, answers: Path) -> None:
    """Print what JUDGE says of each answer, 0 to 1, one JSON object a line in the order of the file."""
    asked = find_judge(judge)
    for given in read_answers(answers):
        click.echo(json.dumps({"score": asked.score(given)}))


def _lines(found: Calibration) -> Iterator[str]:
    n = found.figures["agreement"].n
    yield f"judge {found.judge} on {n} labelled answers, each bound at 95 %"
    for name, figure in found.figures.items():
        yield f"  {name:<12} {figure}"
    yield f"  thresholds   {', '.join(f'{each:.3f}' for each in found.thresholds)}, of this source only"
    yield f"not proven: {found.unfit}" if found.unfit else "fit to decide: scores are corrected by these shares"
