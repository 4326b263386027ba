"""`harness rag`: how often a judge errs, and what it says of single answers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import click

from harness import write_atomic
from harness_rag.attacks import count_flips
from harness_rag.calibrating import Calibration, calibrate
from harness_rag.instruments import open_instrument
from harness_rag.judges import find_judge
from harness_rag.label_page import label_page, shown
from harness_rag.labelling import Drawn, draw, read_given, read_judged, write_labelled
from harness_rag.labels import read_answers

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def command() -> None:
    """Measure how often judges of answers err, and ask them about single answers."""


@command.command("calibrate")
@click.argument("judge")
@click.option("--labels", type=FILE, required=True, help="JSON lines: answer, contexts, label 0 or 1, maybe question.")
@click.option("--llm", type=FILE, help="Of the judge llm: the file that says which model and how it is asked.")
@click.option("--url", help="Of the judge llm: its base URL, as `harness models serve` prints it.")
@click.option("--attacks", is_flag=True, help="Judge bad answers under attack, too, and count verdicts that turn.")
@click.option("--json", "as_json", is_flag=True, help="Print each figure with its interval as JSON.")
def calibrate_judge(judge: str, labels: Path, llm: Path | None, url: str | None, attacks: bool, as_json: bool) -> None:
    """Measure sensitivity, specificity, AUROC and agreement of JUDGE on answers that people labelled."""
    asked = open_instrument(judge, url, llm)
    found = calibrate(asked, labels)
    if attacks:
        found = replace(found, figures={**found.figures, "flips": count_flips(asked, labels, found)})
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
    if found.lost:
        yield f"  no verdict   {found.lost} of {n}, which count as called bad"
    yield f"not proven: {found.unfit}" if found.unfit else "fit to decide: scores are corrected by these shares"


@command.command("label")
@click.argument("run")
@click.option("--answers", type=FILE, required=True, help="The table that the run judged.")
@click.option("--id", "row_id", default="id", help="The column that tells its rows apart.")
@click.option("--answer", default="answer", help="The column of answers.")
@click.option("--contexts", default="contexts", help="The column of contexts.")
@click.option("--question", default="question", help="The column of questions, if there is one.")
@click.option(
    "--count", type=click.IntRange(min=30), help="How many; default what the run needs to decide, at least 50."
)
@click.option("--labels", type=FILE, default=Path("labels.jsonl"), help="Where labels are kept; those there stay.")
@click.option("--html", type=FILE, help="Write a page to label on; save its labels where --labels says, and run again.")
@click.option("--out", type=FILE, default=Path("labelled.parquet"), help="The table with a column `human`.")
def label(
    run: str, answers: Path, row_id: str, answer: str, contexts: str, question: str, count: int | None, labels: Path,
    html: Path | None, out: Path,
) -> None:  # fmt: skip
    """Have people label answers of RUN, drawn at random, so that its judge can be corrected by them.

    RUN is one of the ledger (the start of its id, or `latest`), a folder that `harness run --out DIR` wrote for a
    suite, or its run.json.
    """
    drawn = draw(read_judged(run), answers, row_id, count)
    columns = {what: name for what, name in (("question", question), ("answer", answer), ("contexts", contexts))
               if name in drawn.table.column_names}  # fmt: skip
    if html:
        write_atomic(html, label_page(list(drawn.rows()), columns))
        click.echo(
            f"written: {html}, with {len(drawn.places)} answers; save its labels as {labels} and run without --html"
        )
        return
    _ask_person(drawn, columns, labels)
    done = write_labelled(drawn, read_given(labels), out)
    click.echo(
        f"written: {out}, with {done} labels of {len(drawn.places)} answers drawn; add `human: human` to the step"
    )
    if done < len(drawn.places):
        click.echo("answers that were left out because they were hard make the others no random draw; label them, too")


def _ask_person(drawn: Drawn, columns: Mapping[str, str], labels: Path) -> None:
    """Ask at the terminal for each label that is missing, and keep each as it is given."""
    given = read_given(labels)
    missing = [(name, row) for name, row in drawn.rows() if name not in given]
    for number, (name, row) in enumerate(missing, 1):
        click.echo(f"\n-- {number} of {len(missing)}")
        for what, texts in shown(row, columns).items():
            click.echo(f"{what}: " + "\n  ".join(map(printable_text, texts)))
        said = click.prompt("good, bad, skip or quit", type=click.Choice(["g", "b", "s", "q"]))
        if said == "q":
            return
        if said != "s":
            with labels.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"id": name, "label": int(said == "g")}) + "\n")


def printable_text(text: str) -> str:
    """Return a text without what a terminal would obey."""
    return "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text)
