"""A model's server on loopback, and a door that leads to it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from harness_models.door import OpenDoor, open_door
from harness_models.testing import MODEL, StandIn, declare, serve

from harness import DoorOptions

Open = Callable[..., AbstractContextManager[OpenDoor]]

PLUGIN = '''
import json
import urllib.request
from harness import Dataset, Endpoint, HarnessError, check, hookimpl, samples, Measurement

@check("asks.yes", metrics={"yes": "proportion"})
def yes(data: Dataset, *, judge: Endpoint = "judge"):
    """Ask about each row."""
    rows, found = data.rows(["id"]), []
    for each in rows["id"].to_pylist():
        body = {"model": "MODEL", "messages": [{"role": "user", "content": str(each)}], "max_tokens": 10}
        url = judge + "/chat/completions"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data=json.dumps(body).encode())) as reply:
                said = json.load(reply)["choices"][0]["message"]["content"]
        except urllib.error.HTTPError as error:
            raise HarnessError(json.load(error)["error"]["message"])
        found.append(float(said == "yes"))
    yield Measurement(metric="yes", sample=samples.rows.proportion(rows.append_column("y", [found])))

@hookimpl
def harness_checks():
    return {"asks.yes": yes}
'''.replace("MODEL", MODEL)
SUITE = """
name: asked
data: {rows: {source: rows.csv, id: id}}
endpoints: {judge: URL}
target: {kind: table, config: {data: rows}}
steps:
  - check: asks.yes
    require: {yes: {at_least: 0.5}}
"""


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


@pytest.fixture
def asking(project: Path, upstream: StandIn) -> Path:
    """A project whose suite asks a model about forty rows."""
    (project / "pyproject.toml").write_text('[tool.harness]\nproject = "demo"\nplugins = ["asks"]\n')
    (project / "asks.py").write_text(PLUGIN)
    (project / "a.suite.yaml").write_text(SUITE.replace("URL", upstream.url))
    (project / "rows.csv").write_text("id\n" + "\n".join(map(str, range(40))) + "\n")
    declare(project, upstream.url, "{input: 1, output: 10}")
    return project
