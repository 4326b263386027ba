"""`harness validate --against`: all that a change asks less is listed, and nothing else."""

from pathlib import Path

import pytest

from conftest import PYPROJECT, Command
from harness.cli.against import Policy, find_weakenings, read_policy
from harness.plugins.discovery import Plugins, discover_plugins
from harness.settings import find_settings
from tests.support.repository import commit_all, git
from tests.support.signing import new_signers, write_trust

SUITE = """name: s
params: {least: float, candidate: str}
data:
  d: {source: scores.parquet, id: id, time: at, window: 30d, mature_after: 7d}
  other: {source: other.parquet, id: id}
target: {kind: table, config: {data: d, score: score, model: {param: candidate}}}
baselines: {champion: {config: {score: ok}}}
endpoints: {judge: "https://judge.example/v1", spare: {env: SPARE_URL}}
steps:
  - check: rows.rate
    with: {column: ok}
    by: [channel]
    require:
      rate:
        - {at_least: {param: least}, plan_for: 0.9}
        - {versus: champion, lose_at_most: 0.01, where: {channel: web}}
  - check: data.schema
    with: {file: schema.yaml}
    require: {violations: {at_most: 0}}
  - check: rows.rate
    name: shown
    with: {column: y}
    require: {rate: {at_least: 0.1, severity: info}}
"""
GATES = """project: demo
waivers: waivers.yaml
gates:
  ci: {suites: [{file: ../s.suite.yaml, params: {least: 0.75}}], run_max_age: 24h, many_candidates: correct}
  production:
    suites: [{file: ../s.suite.yaml, params: {least: 0.75}}]
    approvals: {count: 2, from: [risk], not: [requester]}
    promote: {mlflow: {model: m, alias: champion}}
"""
SCHEMA = "columns: {score: {min: 0, max: 1}}\n"
WAIVER = (
    "waivers: [{suite: s, step: rows.rate, metric: rate, asked: {at_least: 0.75}, "
    "candidate: 'sha256:" + "2" * 64 + "', owner: o, reason: r, expires: 2026-12-31}]\n"
)
FILES = {"s.suite.yaml": SUITE, "ci/gates.yaml": GATES, "ci/waivers.yaml": "waivers: []\n", "schema.yaml": SCHEMA}
IN_S, IN_G = "s.suite.yaml", "ci/gates.yaml"
Change = tuple[str, str, str]

WEAKER: dict[Change, str] = {
    (IN_G, "{least: 0.75}}], run", "{least: 0.7}}], run"): "rows.rate.rate: at_least: 0.7, was 0.75",
    (IN_G, ", params: {least: 0.75}}], run", "}], run"): "pins least: nothing, was 0.75",
    (IN_S, "at_least: {param: least}", "at_least: 0.7"): "rows.rate.rate: at_least: 0.7, was 0.75",
    (IN_S, ", plan_for: 0.9", ""): "plan_for: nothing, was 0.9",
    (IN_S, "plan_for: 0.9", "plan_for: 0.99"): "plan_for: 0.99, was 0.9",
    (IN_S, "plan_for: 0.9}", "plan_for: 0.9, severity: should}"): "severity: should, was must",
    (IN_S, "plan_for: 0.9}", "plan_for: 0.9, alpha: 0.1}"): "alpha: 0.1, was 0.05",
    (IN_S, "plan_for: 0.9}", "plan_for: 0.9, looks: 1}"): "looks: 1, was nothing",
    (IN_S, "plan_for: 0.9}", "plan_for: 0.9, look_after: 1}"): "look_after: 1.0, was nothing",
    (IN_S, "plan_for: 0.9}", "plan_for: 0.9, scope: these}"): "scope: these, was population",
    (IN_S, "plan_for: 0.9}", "plan_for: 0.9, where: overall}"): "must at_least 0.75 is no longer asked",
    (IN_S, "lose_at_most: 0.01", "lose_at_most: 0.02"): "lose_at_most: 0.02, was 0.01",
    (IN_S, "channel: web}}", "channel: pos}}"): "against champion where {channel: web} is no longer asked",
    (IN_S, "        - {at_least: {param: least}, plan_for: 0.9}\n", ""): "must at_least 0.75 is no longer asked",
    (IN_S, "at_most: 0}", "at_least: 0.5}"): "must at_most 0.0 is no longer asked; it is must at_least 0.5 now",
    (IN_S, "    by: [channel]\n", ""): "no longer split by channel",
    (IN_S, "window: 30d", "window: 60d"): "data d: window: 60 days, 0:00:00, was 30 days, 0:00:00",
    (IN_S, "source: scores.parquet", "source: easy.parquet"): "data d: source: easy.parquet, was scores.parquet",
    (IN_S, "mature_after: 7d", "exclude: {ok: [0]}"): "data d: mature_after: nothing",
    (IN_S, "data: d, score: score", "data: other, score: score"): "target: data: other, was d",
    (IN_S, "data: d, score: score", "data: d, score: y"): "target: score: y, was score",
    (IN_S, "{config: {score: ok}}", "{config: {score: y}}"): "baseline champion: ",
    (IN_S, "judge.example/v1", "mild.example/v1"): "endpoint judge: https://mild.example/v1, was https://judge.example",
    (IN_S, "{env: SPARE_URL}", "{env: OTHER_URL}"): "endpoint spare: {env: OTHER_URL}, was {env: SPARE_URL}",
    (IN_S, "with: {column: ok}", "with: {column: y}"): "with column: y, was ok",
    (IN_S, "    with: {file: schema.yaml}\n", ""): "with file: nothing, was schema.yaml",
    ("schema.yaml", "max: 1", "max: 9"): "file schema.yaml: holds something else",
    (IN_S, "    require: {violations: {at_most: 0}}\n", ""): "must at_most 0.0 is no longer asked",
    (IN_G, "run_max_age: 24h", "run_max_age: 48h"): "gate ci: run_max_age: 48h, was 24h",
    (IN_G, "run_max_age: 24h, ", ""): "gate ci: run_max_age: nothing, was 24h",
    (IN_G, ", many_candidates: correct", ""): "many_candidates: warn, was correct",
    (IN_G, "run_max_age: 24h,", "run_max_age: 24h, on_inconclusive: report,"): "on_inconclusive: report, was block",
    (IN_G, "run_max_age: 24h,", "run_max_age: 24h, watch: true,"): "watch: true, was false",
    (IN_G, "  ci: {", "  other: {"): "gate ci: removed",
    (IN_G, "count: 2", "count: 1"): "approvals: count: 1, was 2",
    (IN_G, "from: [risk]", "from: [risk, all]"): "group all may approve",
    (IN_G, ", not: [requester]", ""): "requester may approve, who could not",
    (IN_G, "    approvals: {count: 2, from: [risk], not: [requester]}\n", ""): "approvals: no longer asked for",
    (IN_G, "    promote:", "    first_promotion: allow\n    promote:"): "first_promotion: allow, was refuse",
    (IN_G, "alias: champion", "alias: other"): "gate production: promote: ",
    (IN_G, "    promote: {mlflow: {model: m, alias: champion}}\n", ""): "gate production: promote: {}, was ",
    (IN_G, "project: demo", "project: again"): "gates file: project: again, was demo",
    (IN_G, "project: demo", "project: demo\nledger: sqlite:///x.db"): "gates file: ledger: sqlite:///x.db, was nothing",
    ("ci/waivers.yaml", "waivers: []\n", WAIVER): "waiver of s: rate by o: until 2026-12-31",
    ("pyproject.toml", 'project = "demo"', 'project = "demo"\ngates = "b.yaml"'): "[tool.harness] gates: ./b.yaml",
}
AS_STRICT: list[Change] = [
    (IN_G, "{least: 0.75}}], run", "{least: 0.75}}] , run"),
    (IN_S, "plan_for: 0.9}", "plan_for: 0.90, severity: must, alpha: 0.05}"),
    (IN_S, "plan_for: 0.9}", "plan_for: 0.9, alpha: 0.01}"),
    (IN_S, "plan_for: 0.9", "plan_for: 0.8"),
    (IN_S, "lose_at_most: 0.01, where: {channel: web}", "lose_at_most: 0.005"),
    (IN_S, "at_least: 0.1, severity: info", "at_least: 0.01, severity: info"),
    (IN_S, "window: 30d", "window: 720h"),
    (IN_S, "name: shown", "name: renamed"),
    (IN_S, "by: [channel]", "by: [channel, terminal]"),
    (IN_S, "model: {param: candidate}", "model: m/3"),
    (IN_G, "run_max_age: 24h", "run_max_age: 12h"),
    (IN_G, "count: 2, from: [risk]", "count: 3, from: [risk]"),
    (IN_G, "gates:\n", "gates:\n  new: {suites: [s]}\n"),
]


@pytest.fixture
def kept(project: Path) -> Path:
    """A project that is committed."""
    for name, text in FILES.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    commit_all(project)
    return project


def _edit(folder: Path, change: Change) -> None:
    name, old, new = change
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """What the files ask before any change."""
    return _policy_in(tmp_path_factory.mktemp("before"))


def _policy_in(folder: Path, change: Change | None = None) -> Policy:
    """Return what the files ask in a folder that they are written to, with one change."""
    for name, text in {**FILES, "pyproject.toml": PYPROJECT}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    if change:
        _edit(folder, change)
    return read_policy(find_settings(folder))


@pytest.mark.parametrize(("change", "says"), WEAKER.items(), ids=lambda part: "")
def test_what_a_change_asks_less_is_listed(tmp_path: Path, before: Policy, change: Change, says: str) -> None:
    found = find_weakenings(before, _policy_in(tmp_path, change), Plugins(discover_plugins()))

    assert any(says in str(weakening) for weakening in found), found


def test_each_change_that_is_listed_changes_one_thing(tmp_path: Path, before: Policy) -> None:
    assert [] == find_weakenings(before, _policy_in(tmp_path), Plugins(discover_plugins()))


@pytest.mark.parametrize("change", AS_STRICT, ids=lambda part: "")
def test_what_asks_as_much_is_not_listed(tmp_path: Path, before: Policy, change: Change) -> None:
    assert [] == find_weakenings(before, _policy_in(tmp_path, change), Plugins(discover_plugins()))


def test_whom_a_change_trusts_besides_is_listed(tmp_path: Path) -> None:
    signers = new_signers()
    policies = []
    for name, kept in (("before", ["ci", "ann"]), ("after", list(signers))):
        (tmp_path / name).mkdir()
        policies.append(_policy_in(tmp_path / name))
        write_trust(tmp_path / name / "ci", {who: signers[who] for who in kept})
    plugins = Plugins(discover_plugins())

    found = [str(weakening) for weakening in find_weakenings(policies[0], policies[1], plugins)]

    assert [] == find_weakenings(policies[1], policies[0], plugins)
    assert {"trust: bob is risk everywhere", "trust: release is promoter everywhere"} <= set(found)
    assert 2 == sum("is new" in line for line in found)


def test_a_weaker_change_exits_with_1_and_says_against_what(kept: Path, harness: Command) -> None:
    commit = git(kept, "rev-parse", "HEAD")
    assert 0 == harness("validate", "--against", "main").code
    _edit(kept, (IN_G, "run_max_age: 24h", "run_max_age: 48h"))

    done = harness("validate", "--against", "main")

    assert 1 == done.code
    assert f"weaker: gate ci: run_max_age: 48h, was 24h\n1 weaker than in commit {commit[:12]} (main)\n" == done.out


def test_a_suite_that_moved_is_known_by_its_name(kept: Path, harness: Command) -> None:
    (kept / "suites").mkdir()
    for name in ("s.suite.yaml", "schema.yaml"):
        (kept / name).rename(kept / "suites" / name)
    _edit(kept, ("suites/s.suite.yaml", "lose_at_most: 0.01", "lose_at_most: 0.5"))

    done = harness("validate", "--against", "main")

    assert "weaker: suites/s.suite.yaml: rows.rate.rate: lose_at_most: 0.5, was 0.01" in done.out


def test_a_dataset_under_another_name_is_the_same_rows(kept: Path, harness: Command) -> None:
    _edit(kept, (IN_S, "  d: {", "  rows: {"))
    _edit(kept, (IN_S, "data: d,", "data: rows,"))

    assert 0 == harness("validate", "--against", "main").code


def test_a_name_that_stands_for_several_commits_is_refused(kept: Path, harness: Command) -> None:
    first = git(kept, "rev-parse", "HEAD")
    _edit(kept, (IN_S, "lose_at_most: 0.01", "lose_at_most: 0.5"))
    commit_all(kept)
    git(kept, "update-ref", "refs/remotes/origin/main", first)
    git(kept, "branch", "origin/main")

    done = harness("validate", "--against", "origin/main")

    assert 4 == done.code
    assert "stands for several commits" in done.err
    assert 1 == harness("validate", "--against", "refs/remotes/origin/main").code


@pytest.mark.parametrize("ref", ["nowhere", "--help=x", "HEAD:s.suite.yaml"])
def test_a_ref_that_is_no_commit_is_a_usage_error(kept: Path, harness: Command, ref: str) -> None:
    done = harness("validate", f"--against={ref}")

    assert 4 == done.code
    assert "knows no commit" in done.err


def test_outside_a_repository_the_error_says_what_is_missing(project: Path, harness: Command) -> None:
    done = harness("validate", "--against", "main")

    assert 4 == done.code
    assert "a ref is read from a Git repository" in done.err


def test_an_object_that_git_puts_in_anothers_place_is_not_read(kept: Path, harness: Command) -> None:
    blob = git(kept, "rev-parse", "HEAD:s.suite.yaml")
    _edit(kept, (IN_S, "lose_at_most: 0.01", "lose_at_most: 0.5"))
    weaker = git(kept, "hash-object", "-w", "s.suite.yaml")
    git(kept, "replace", blob, weaker)

    assert 1 == harness("validate", "--against", "main").code
