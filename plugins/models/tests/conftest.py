"""A model's server on loopback, and a door that leads to it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from harness_models.door import OpenDoor, open_door
from harness_models.testing import StandIn, declare, serve

from harness import DoorOptions

Open = Callable[..., AbstractContextManager[OpenDoor]]


@pytest.fixture
def upstream() -> Iterator[StandIn]:
    with serve(StandIn()) as server:
        yield server


@pytest.fixture
def opened(tmp_path: Path, upstream: StandIn) -> Open:
    """Open the door of a project whose one endpoint, `judge`, is the stand-in."""

    def open_it(
        price: str = "{input: 1, output: 10}", more: str = "", environ: dict[str, str] | None = None, **options: Any
    ) -> AbstractContextManager[OpenDoor]:
        declare(tmp_path, upstream.url, price, more)
        return open_door(DoorOptions(root=tmp_path, store=tmp_path / "calls", environ=environ or {}, **options))

    return open_it
