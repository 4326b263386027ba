"""`harness import`: suites from the configs of other tools."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness import UsageError, write_atomic
from harness_rag.promptfoo import Converted, add_answers, read_config

FILE = click.Path(path_type=Path, dir_okay=False)
COLUMNS = ("id", "answer", "rules")
SUITE = """\
# From {config}: what each of its tests asks of its answer. What did not convert is in {left}.
name: {name}
data:
  answers: {{source: {answers}, id: id}}               # a test a row: its variables, its answer, and its rules
target: {{kind: table, config: {{data: answers}}}}
steps:
  - check: rag.invariants
    with: {{own_rules: rules}}
    require:
      kept: {{at_least: 1, scope: these}}              # of these very answers; others may fare better or worse
"""


@click.group()
def command() -> None:
    """Write suites from configs of other tools, and say what does not convert."""


@command.command("promptfoo")
@click.argument("config", type=FILE)
@click.option("--results", type=FILE, help="Recorded answers: what `promptfoo eval --output FILE.json` wrote.")
@click.option("--prompt", type=click.IntRange(min=0), help="Which of several prompts or providers answered: its index.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="A folder to write to.")
def promptfoo(config: Path, results: Path | None, prompt: int | None, out: Path) -> None:
    """Write a suite, a table of answers and a list of what did not convert from a CONFIG of promptfoo."""
    found = read_config(config)
    if results:
        add_answers(found, results, prompt)
    if not any(row["rules"] for row in found.rows):
        raise UsageError(f"no assertion of {config} converts: {'; '.join(found.left)}; write a suite by hand")
    name = re.sub(r"[^a-z0-9-]+", "-", config.stem.lower()).strip("-")
    _write(out, name, config, found)
    without = sum(row.get("answer") is None for row in found.rows)
    click.echo(f"{len(found.rows)} tests, of which {sum(bool(row['rules']) for row in found.rows)} have rules")
    if without:
        click.echo(f"{without} have no answer yet, and such keep no rule: write `answer` into {name}.answers.jsonl")
    click.echo(
        "\n".join(["did not convert:", *(f"  {line}" for line in found.left)]) if found.left else "all converted"
    )


def _write(out: Path, name: str, config: Path, found: Converted) -> None:
    """Write the three files; where one is, none."""
    rows = [_row(number, row) for number, row in enumerate(found.rows, 1)]
    suite = SUITE.format(name=name, config=config.name, answers=f"{name}.answers.jsonl", left=f"{name}.left.txt")
    contents = {
        out / f"{name}.suite.yaml": suite,
        out / f"{name}.answers.jsonl": "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows),
        out / f"{name}.left.txt": "".join(f"{line}\n" for line in found.left),
    }
    for path in contents:
        if path.exists():
            raise UsageError(f"{path} exists and is not overwritten; move it away, or name another folder by --out")
    for path, text in contents.items():
        write_atomic(path, text)
        click.echo(f"wrote {path}")


def _row(number: int, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a test as a row of plain values; a variable named as a column of ours has `var_` before its name."""
    vars_ = {f"var_{name}" if name in COLUMNS else name: value for name, value in row["vars"].items()}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in vars_.items()}
    rules = json.dumps(row["rules"], ensure_ascii=False) if row["rules"] else None
    return {"id": number, **texts, "answer": row.get("answer"), "rules": rules}
