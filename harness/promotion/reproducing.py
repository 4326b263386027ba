"""Says how the runs that a promotion rests on are measured again: the distributions, and a script that compares."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from harness.promotion.moves import Move
from harness.text import printable
from harness.values.identity import short_identity
from harness.values.runs import Run

SCRIPT, REQUIREMENTS, EARLIER = "reproduce.sh", "requirements.txt", "earlier"
HOST = "promotion-harness"
DISTRIBUTION = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*) (\d[A-Za-z0-9.+!_-]*)")
START = """set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ledger="sqlite:///$work/ledger.db"
printf '%s\\n' PROJECT "ledger: \"$ledger\"" "evidence: \"$work/evidence\"" \\
    'gates: {reproduced: {suites: [any]}}' > "$work/gates.yaml"
harness keys new "$work/key" > "$work/key.txt"
"""


def requirements(runs: Sequence[Run]) -> str:
    """Return the distributions that measured, each with its version; a project's own plugins come with its commit."""
    named = [text.partition(";")[0] for run in runs for text in run.plugins.values()]  # what follows is of its files
    found = {match[1]: match[2] for text in named if (match := DISTRIBUTION.fullmatch(text))}
    hosts = [version for run in runs if (version := run.environment.get("harness"))]
    found |= {HOST: hosts[-1]} if hosts else {}
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()))


def script(move: Move, runs: Sequence[Run], files: Mapping[str, str], *, has_earlier: bool) -> str:
    """Return a shell script that measures the runs again, in the order in which they were, and compares their digests.

    `files` are the suite files by suite, from the root of the project. It writes to a ledger of its own.
    """
    project = shlex.quote(f"project: {json.dumps(runs[0].project)}")
    preface = (f"# {printable(line)}".rstrip() for line in _preface(move, runs))  # so that no line of it is a command
    lines = ["#!/bin/sh", *preface, START.replace("PROJECT", project)]
    if has_earlier:
        lines.append(f'harness runs import "$here/{EARLIER}" --ledger "$ledger" --gates "$work/gates.yaml"')
    for run in sorted(runs, key=lambda each: each.started):
        lines += _measure(run, files[run.suite])
    return "\n".join(lines) + "\n"


def _preface(move: Move, runs: Sequence[Run]) -> Iterator[str]:
    """Yield what must be there before, as comments say it."""
    code = move.predicate.get("code", {})
    yield f"Measures again what the {move.kind} of {short_identity(move.candidate)} to {move.stage} rests on."
    yield ""
    yield f"1. A clone of the project at commit {code.get('revision') or '(none was known)'}."
    changed = code.get("uncommitted") or ()
    if changed:
        yield f"   These files differed from it, and their changes are not known: {', '.join(changed)}"
    python = ", ".join(sorted({run.environment.get("python", "?") for run in runs}))
    yield f"2. An environment with Python {python} in which `pip install -r {REQUIREMENTS}` was done, and its"
    yield "   `harness` on the PATH."
    yield "3. The tables, where the suites read them:"
    yield from (f"     {data.uri}  {data.digest}" for run in runs for _, data in sorted(run.datasets.items()))
    yield "Then, in the folder of the clone that holds pyproject.toml: sh PATH/OF/THIS/FILE"


def _measure(run: Run, file: str) -> Iterator[str]:
    options = [f"--param {shlex.quote(f'{name}={_value(value)}')}" for name, value in run.params.items()]
    options += [f"--as-of {run.as_of.isoformat()}", f"--trigger {shlex.quote(run.trigger)}"]
    where = '--gates "$work/gates.yaml" --signer "file:$work/key"'
    yield f"harness run {shlex.quote(file)} {' '.join(options)} {where} || [ $? -le 3 ]"
    yield f'if harness runs show latest --json --ledger "$ledger" | grep -qF {shlex.quote(f"{run.digest}")}; then'
    yield f"    echo {shlex.quote(f'REPRODUCED  {run.suite}: the same run digest {run.digest}')}"
    yield "else"
    yield f"    echo {shlex.quote(f'DIFFERENT  {run.suite}: the run has not the digest {run.digest}')} >&2"
    yield "    exit 1"
    yield "fi"


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
