"""`harness models`: the door of a project, for whoever calls models outside of a run."""

import os
import threading
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, get_args

import click

from harness import DoorOptions, UsageError
from harness_models.door import open_door
from harness_models.endpoints import FILE

Replay = Literal["off", "record", "strict"]
OUTSIDE = "outside of a run"


@click.group()
def command() -> None:
    """Call language models by one door: recorded, paced, within a budget."""


@command.command("serve")
@click.option("--replay", type=click.Choice(get_args(Replay)), default="off", help="Which recorded answers are used.")
@click.option("--budget", metavar="AMOUNT", help="The most that calls may cost, as in 5.00.")
def serve(replay: Replay, budget: str | None) -> None:
    """Serve the endpoints of models.yaml in this folder until Ctrl-C; print the base URL of each."""
    root = Path.cwd()
    if not (root / FILE).is_file():
        raise UsageError(f"there is no {FILE} in {root}; write one, or go to the folder that has it")
    options = DoorOptions(
        root=root, store=root / ".harness" / "calls", replay=replay, budget=_amount(budget), environ=os.environ
    )
    with open_door(options) as door:
        for name, url in door.urls(OUTSIDE, "serve", door.declared).items():
            click.echo(f"{name}: {url}")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
        door.keep()
        spent = door.cost(OUTSIDE, "serve")
        click.echo(f"{spent.tokens} tokens, {spent.money:g} of money")


def _amount(text: str | None) -> Decimal | None:
    try:
        found = None if text is None else Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if found is not None and not (found.is_finite() and found >= 0):
        raise UsageError(f"--budget {text!r} is no amount; give it in the currency of the prices, as in 5.00")
    return found
