"""What a forge is told of pipelines: once, again where it was away, and never what it would merge on by mistake."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness_ci.events import Event
from harness_ci.pipelines import PipelinesFile, read_pipelines
from harness_ci.planning import plan_pipeline
from harness_ci.protections import answer_protection, read_protections
from harness_ci.statuses import Reporter
from harness_ci.store import Decision, Pipeline, Store
from harness_ci.triggers.reading import Unreadable

from ci.tests.plant import Plant, until
from harness import HarnessError, UsageError
from tests.support.loopback import Handler, serve

FILE = """project: shop
ledger: sqlite:///l.db
hooks: {github: {file: hook}, api: {file: token}}
targets:
  shop:
    repository: {url: forge.git, github: acme/shop, statuses: {api: "API", token: {file: token}, kind: KIND}}
    stages: {ci: {commands: [{run: [sh, -c, "exit 1"]}], gate: ci}}
    on: {code: [ci], degradation: notify}
"""
HEAD = "2" * 40


class Forge:
    """A stand-in of GitHub's REST API: what it was told, and what it answers."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, dict[str, Any]]] = []
        self.answers = 201

    @contextmanager
    def serve(self) -> Iterator[str]:
        forge = self

        class Api(Handler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if forge.answers == 201:
                    forge.told.append((self.path, self.headers["Authorization"], body))
                self.send_response(forge.answers)
                self.end_headers()

        with serve(Api) as url:
            yield url


@pytest.fixture
def forge() -> Forge:
    return Forge()


def read(folder: Path, api: str, kind: str) -> PipelinesFile:
    (folder / "p.yaml").write_text(FILE.replace("API", api).replace("KIND", kind))
    (folder / "token").write_text("t")
    return read_pipelines(folder / "p.yaml")


def begin(store: Store, file: PipelinesFile, key: str = "a", kind: Any = "code") -> Pipeline:
    """Begin a pipeline at a commit."""
    store.add_event(Event(key=key, kind=kind, target="shop", subject="s", revision="1" * 40), time.time())
    begun = store.begin_pipeline(
        "shop", lambda found: plan_pipeline(found, file.targets["shop"], None), version="1", now=time.time(), deadline=9
    )
    assert begun is not None
    store.change(begun.id, head=HEAD)
    return begun


@pytest.mark.parametrize(
    ("ended", "state", "conclusion"),
    [
        ("passed", "success", "success"),
        ("failed", "failure", "failure"),
        ("inconclusive", "failure", "action_required"),
        ("error", "error", "failure"),
        ("late", "error", "failure"),
        ("cancelled", "error", "failure"),
    ],
)
def test_only_what_passed_is_green_and_nothing_is_neutral_or_skipped(
    tmp_path: Path, forge: Forge, ended: str, state: str, conclusion: str
) -> None:
    for kind in ("status", "check"):
        store = Store(f"sqlite:///{tmp_path / kind}.db")
        with forge.serve() as api:
            file = read(tmp_path, api, kind)
            reporter, begun = Reporter(file, tmp_path, store), begin(store, file)
            reporter.report()
            store.change(begun.id, state=ended, reason="why", ended=1.0)
            reporter.report()
            reporter.report()

    pending, done, begun_check, done_check = forge.told
    assert (f"/repos/acme/shop/statuses/{HEAD}", "Bearer t") == pending[:2] == done[:2]
    assert ["pending", state] == [pending[2]["state"], done[2]["state"]]
    assert {"context": "shop/shop", "description": f"{ended}: why"}.items() <= done[2].items()
    assert "in_progress" == begun_check[2]["status"]
    assert ("/repos/acme/shop/check-runs", HEAD) == (done_check[0], done_check[2]["head_sha"])
    assert ("completed", conclusion) == (done_check[2]["status"], done_check[2]["conclusion"])


def test_a_pipeline_that_passed_a_gate_undecided_is_green_and_titled_so(tmp_path: Path, forge: Forge) -> None:
    store = Store(f"sqlite:///{tmp_path / 's.db'}")
    with forge.serve() as api:
        file = read(tmp_path, api, "check")
        begun = begin(store, file)
        decided = Decision(gate="ci", digest="d", outcome="inconclusive", decided="now", pipeline=begun.id)
        store.keep_decision(decided)
        store.change(begun.id, state="passed", ended=1.0)
        Reporter(file, tmp_path, store).report()

    ((_, _, body),) = forge.told
    assert "success" == body["conclusion"]
    assert "passed: gate ci is inconclusive, which it reports and does not block" == body["output"]["title"]


def test_alerts_and_pipelines_that_were_skipped_change_no_status(tmp_path: Path, forge: Forge) -> None:
    store = Store(f"sqlite:///{tmp_path / 's.db'}")
    with forge.serve() as api:
        file = read(tmp_path, api, "status")
        for key, kind, state in (("a", "degradation", "passed"), ("b", "code", "skipped")):
            store.change(begin(store, file, key, kind).id, state=state, ended=1.0)
        Reporter(file, tmp_path, store).report()

    assert [] == forge.told


def test_a_forge_that_is_away_is_told_when_it_is_back(tmp_path: Path, forge: Forge) -> None:
    store = Store(f"sqlite:///{tmp_path / 's.db'}")
    with forge.serve() as api:
        file = read(tmp_path, api, "status")
        store.change(begin(store, file).id, state="passed", ended=1.0)
        reporter, forge.answers = Reporter(file, tmp_path, store), 502
        with pytest.raises(HarnessError, match="answered 502; it is told again"):
            reporter.report()
        reporter.report()
        forge.answers = 201
        Reporter(file, tmp_path, store).report()

    assert 1 == len(forge.told)


def test_statuses_of_a_repository_that_github_does_not_know_are_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        FILE.replace("API", "http://a").replace("KIND", "status").replace("github: acme/shop, ", "")
    )

    with pytest.raises(UsageError, match="github: owner/name"):
        read_pipelines(tmp_path / "p.yaml")


def test_a_push_that_fails_is_red_at_its_forge(plant: Plant, forge: Forge) -> None:
    with forge.serve() as api:
        plant.write(FILE.replace("API", api).replace("KIND", "status"))
        plant.serve()
        _, after = plant.push()
        plant.tell_push("0" * 40, after)
        until(lambda: [told for told in forge.told if told[2]["state"] == "failure"], 120)
        asked = plant.deliver("deployment_protection_rule", protection(commit=after))
        until(lambda: [told for told in forge.told if told[2]["state"] == "rejected"], 120)

    assert (202, {"runs": ["new"]}) == (asked.status_code, asked.json())
    assert {"statuses", "actions"} == {path.split("/")[4] for path, _, _ in forge.told}


def protection(run: int = 7, repository: str = "acme/shop", commit: str = HEAD) -> dict[str, Any]:
    """Return what GitHub delivers where a run of Actions waits for a custom protection rule."""
    return {
        "action": "requested",
        "environment": "production",
        "deployment": {"sha": commit},
        "deployment_callback_url": f"https://api.github.com/repos/{repository}/actions/runs/{run}/deployment_protection_rule",
        "repository": {"full_name": "acme/shop"},
    }


@pytest.mark.parametrize(
    ("ended", "answer"),
    [("passed", "approved"), ("failed", "rejected"), ("inconclusive", "rejected"), ("late", "rejected")],
)
def test_a_run_may_deploy_what_a_pipeline_passed_and_waits_for_its_end(
    tmp_path: Path, forge: Forge, ended: str, answer: str
) -> None:
    store = Store(f"sqlite:///{tmp_path / 's.db'}")
    with forge.serve() as api:
        file = read(tmp_path, api, "check")
        reporter, begun = Reporter(file, tmp_path, store), begin(store, file)
        (asked,) = read_protections(protection(), file.targets)
        kept = [store.ask_protection(asked), store.ask_protection(asked)]
        reporter.report()
        waits = [path for path, _, _ in forge.told if path.endswith("rule")]
        store.change(begun.id, state=ended, ended=1.0)
        reporter.report()
        reporter.report()

    told = [(path, body) for path, _, body in forge.told if path.endswith("rule")]
    assert ([True, False], []) == (kept, waits)
    ((path, body),) = told
    assert "/repos/acme/shop/actions/runs/7/deployment_protection_rule" == path
    assert ("production", answer) == (body["environment_name"], body["state"])


def test_a_run_of_a_commit_that_no_pipeline_led_is_rejected_at_the_deadline(tmp_path: Path) -> None:
    store, file = Store(f"sqlite:///{tmp_path / 's.db'}"), read(tmp_path, "http://a", "check")
    (asked,) = read_protections(protection(), file.targets)
    deadline = file.targets["shop"].deadline.total_seconds()

    before = answer_protection(asked, file, store, asked.asked + deadline - 1)
    after = answer_protection(asked, file, store, asked.asked + deadline)

    assert before is None
    assert after is not None
    assert ("rejected", "no pipeline led this commit to its end") == (after[1]["state"], after[1]["comment"])


@pytest.mark.parametrize(
    "wrong", [protection(repository="acme/other"), {**protection(), "deployment_callback_url": "http://evil/"}, {}]
)
def test_a_run_that_is_to_be_answered_elsewhere_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        list(read_protections(wrong, read(tmp_path, "http://a", "check").targets))
