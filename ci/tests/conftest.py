"""A project under control, and its owner's address."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ci.tests.plant import Plant, make_plant
from tests.support.loopback import Handler, serve


@pytest.fixture
def notices() -> list[dict[str, Any]]:
    """What the owner was told."""
    return []


@pytest.fixture
def plant(tmp_path: Path, notices: list[dict[str, Any]]) -> Iterator[Plant]:
    """A project whose control plane is not served yet."""

    class Owner(Handler):
        def do_POST(self) -> None:
            notices.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

    with serve(Owner) as url:
        made = make_plant(tmp_path, url)
        yield made
        made.kill()
