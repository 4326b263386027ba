"""The door to language models around runs: opened where a project declares models, by the plugin that has one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from importlib.metadata import entry_points
from pathlib import Path

from harness.errors import UsageError
from harness.plugins.doors import Door, DoorOptions, OpenDoor
from harness.settings import Settings
from harness.values.calls import Replay

DECLARED = "models.yaml"  # beside pyproject.toml
DOORS = "harness.doors"
INSTALL = "pip install promotion-harness-models"


@contextmanager
def open_door(
    settings: Settings, replay: Replay | None, budget: str | None, environ: Mapping[str, str]
) -> Iterator[Door | None]:
    """Open the door to the models that a project declares, None where it declares none; close it at the end.

    `budget` is an amount as text, in the currency of the prices; `environ` holds the keys.
    """
    limit, file = _amount(budget), settings.root / DECLARED
    if not file.is_file():
        if replay == "record" or budget:  # where no model can be called, `strict` holds
            raise UsageError(f"answers and a budget are of calls to models, which no {file} declares; write it")
        yield None
        return
    options = DoorOptions(
        root=settings.root, store=settings.store / "calls", replay=replay or "off", budget=limit, environ=environ
    )
    with _find_door(file)(options) as door:
        yield door


def _find_door(file: Path) -> OpenDoor:
    for point in entry_points(group=DOORS):
        found: OpenDoor = point.load()
        return found
    raise UsageError(f"{file} declares models, and nothing is installed that calls them; {INSTALL}")


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0:
        raise UsageError(f"the budget {text!r} is no amount; give it in the currency of the prices, as in 5.00")
    return found
