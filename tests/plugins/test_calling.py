"""Where a project declares no models, none is called, whatever was asked of their answers."""

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.plugins.calling import open_door
from harness.settings import find_settings


@pytest.mark.parametrize("replay", [None, "off", "strict"])
def test_without_models_there_is_no_door_and_strict_holds(project: Path, replay: object) -> None:
    with open_door(find_settings(project), replay, None, {}) as door:  # type: ignore[arg-type]
        assert door is None


@pytest.mark.parametrize(("replay", "budget"), [("record", None), (None, "5.00"), ("strict", "5.00")])
def test_without_models_nothing_is_recorded_or_spent(project: Path, replay: object, budget: str | None) -> None:
    with (
        pytest.raises(UsageError, match="models.yaml declares; write it"),
        open_door(find_settings(project), replay, budget, {}),  # type: ignore[arg-type]
    ):
        pass
