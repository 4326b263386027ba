"""A suite fetches the answers that it judges, by the run's door: recorded, replayed, and counted with their cost."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_models.testing import MODEL, StandIn, completion, declare, serve

Command = Callable[..., Any]
SUITE = """
name: fetched
data: {{rows: {{source: rows.parquet, id: id}}}}
endpoints: {{judge: {url}}}
target:
  kind: openai
  config: {{data: rows, endpoint: judge, model: {model}, system: Be brief., identity: {{build: c0ffee}}}}
steps:
  - check: rag.invariants
    with: {{must_contain: ["30 days"]}}
    require: {{kept: {{at_least: 1, scope: these}}}}
  - check: rag.answers
    with: {{question: question, status: status}}
    require:
      faithfulness: {{at_least: 0.5, severity: should}}
      errored: {{at_most: 0, scope: these}}
"""


@pytest.fixture
def upstream() -> Iterator[StandIn]:
    with serve(StandIn(script=lambda server, asked: (200, completion("It takes 30 days.", read=500)))) as server:
        yield server


@pytest.fixture
def asking(project: Path, upstream: StandIn) -> Path:
    """A project whose suite asks a model twenty questions."""
    rows = {"id": list(range(20)), "question": [f"How long does case {at} take?" for at in range(20)]}
    pq.write_table(pa.table({**rows, "contexts": [["A case takes 30 days."]] * 20}), project / "rows.parquet")
    (project / "a.suite.yaml").write_text(SUITE.format(url=upstream.url, model=MODEL))
    declare(project, upstream.url, "{input: 1, output: 10}")
    return project


def recorded(project: Path) -> dict[str, Any]:
    return dict(json.loads((project / "out/fetched/run.json").read_text()))


def test_answers_are_fetched_by_the_door_judged_and_replayed(asking: Path, harness: Command, upstream: StandIn) -> None:
    harness("run", "a.suite.yaml", "--out", "out", "--replay", "record", "--budget", "1")
    first = recorded(asking)
    harness("run", "a.suite.yaml", "--out", "out", "--replay", "strict")
    again = recorded(asking)

    assert ["pass"] * 3 == [each["outcome"] for each in first["verdicts"]]
    assert 20 == len(upstream.seen) == first["calls"]["sent"] == again["calls"]["replayed"]
    assert MODEL == first["candidate"]["revision"]
    assert first["candidate"]["digest"].startswith("sha256:")
    assert first["candidate"] == again["candidate"]
    assert first["cost"]["money"] > 0 == again["cost"]["money"]


def test_a_model_that_dies_half_way_gives_errors_and_passes_no_must(
    asking: Path, harness: Command, upstream: StandIn
) -> None:
    def dying(server: StandIn, asked: dict[str, Any]) -> tuple[int, str]:
        return (200, completion("It takes 30 days.", read=500)) if len(server.seen) < 10 else (500, "")

    upstream.script = dying

    found = harness("run", "a.suite.yaml", "--out", "out")

    musts = [each for each in recorded(asking)["verdicts"] if each["requirement"]["severity"] == "must"]
    assert 0 != found.code
    assert not [each for each in musts if each["outcome"] == "pass"]
