"""What a suite plants is known by its key, wherever it stands."""

from pathlib import Path

from harness.suite.planted import planted_texts
from harness.suite.suites import read_suite

SUITE = """
name: s
owner: me@example.org
data: {d: {source: d.parquet, id: id}}
target:
  kind: handbook
  config: {data: d, trial: {canary: Falcon-3391}, rails: {canaries: [Kestrel-7741-Lagoon, Kestrel]}}
baselines: {old: {config: {trial: {canary: Heron-1}}}}
steps:
  - check: guardrails.leakage
    with: {text: answer, canaries: [Godwit-22]}
    require: {leaked: {at_most: 0.1}}
"""


def test_canaries_of_targets_baselines_and_steps_are_found_the_longest_first(tmp_path: Path) -> None:
    (tmp_path / "s.suite.yaml").write_text(SUITE)

    found = planted_texts(read_suite(tmp_path / "s.suite.yaml", {}))

    assert ["Kestrel-7741-Lagoon", "Falcon-3391", "Godwit-22", "Heron-1", "Kestrel"] == list(found)
