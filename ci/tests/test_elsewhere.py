"""Runs on other servers are started once, followed to their end, and nothing but a success passes; on stand-ins."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from harness_ci.elsewhere import GitHubRun, JenkinsBuild, KubeflowRun, follow
from harness_ci.jobs import Ended
from harness_ci.pipelines import read_pipelines
from harness_ci.servers import open_server
from harness_ci.spans import Secret
from harness_ci.steps import Stages

from ci.tests.plant import PIPELINES, Plant, until
from ci.tests.stand_ins import TOKEN, StandIn
from harness import UsageError, parse

KINDS = ("github", "jenkins", "kubeflow")
START = "{{at: jenkins, url: '{url}', job: fraud/train, user: ci, token: {{file: t}}}}"


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> StandIn:
    return StandIn(request.param)


def asked(kind: str, url: str) -> GitHubRun | JenkinsBuild | KubeflowRun:
    token, params = {"file": "t"}, {"data": "d"}
    if kind == "github":
        named = {"at": kind, "repository": "acme/fraud", "workflow": "train.yml", "event": "train", "api": url}
        return parse(GitHubRun, {**named, "token": token, "params": params}, "file")
    if kind == "jenkins":
        named = {"at": kind, "url": url, "job": "fraud/train", "user": "ci"}
        return parse(JenkinsBuild, {**named, "token": token, "params": params}, "file")
    named = {"at": kind, "url": url, "pipeline": "p", "version": "v", "experiment": "e", "revision": "revision"}
    return parse(KubeflowRun, {**named, "token": token, "params": params}, "file")


def run(
    server: StandIn, folder: Path, *, timeout: float = 20, appears: float = 1, cancelled: Callable[[], bool] = bool
) -> Ended:
    """Start and follow one run, as a step of a pipeline does."""
    folder.mkdir(exist_ok=True)
    (folder / "t").write_text(TOKEN)
    with server.serve() as url, open_server(asked(server.kind, url), folder) as opened:
        return follow(opened, "p/ct-start-0", "c" * 40, folder / "job", timeout, cancelled, pause=0.02, appears=appears)


def script(looks: Sequence[Callable[[], object]]) -> Callable[[], bool]:
    """Return what is asked after each look whether the run was cancelled, and lets one thing happen each time."""
    left = iter(looks)

    def happen() -> bool:
        next(left, lambda: None)()
        return False

    return happen


def test_a_run_is_started_with_its_key_and_the_commit_and_waited_for(server: StandIn, tmp_path: Path) -> None:
    server.begins = "waiting"
    looks = [
        lambda: None,
        lambda: server.runs[0].update(state="running"),
        lambda: server.runs[0].update(state="passed"),
    ]

    ended = run(server, tmp_path, cancelled=script(looks))

    assert (0, "") == (ended.code, ended.problem)
    (only,) = server.runs
    assert ("p/ct-start-0", "d") == (only["key"], only["given"]["data"])
    assert "c" * 40 in only["given"].values()
    if server.kind == "jenkins":
        assert "c" == server.headers[0]["Jenkins-Crumb"]


def test_a_run_that_did_not_succeed_does_not_pass(server: StandIn, tmp_path: Path) -> None:
    for state in ("failed", "cancelled", "timed out", "skipped"):
        server.begins = state
        server.runs.clear()
        ended = run(server, tmp_path / state)

        assert (1, "") == (ended.code, ended.problem)
        assert ended.said.startswith(("run ", "build "))


def test_an_unstable_build_does_not_pass(tmp_path: Path) -> None:
    assert "build 1 of fraud/train: UNSTABLE" == run(StandIn("jenkins", begins="unstable"), tmp_path).said


def test_a_run_of_whoever_was_killed_is_found_and_not_started_again(server: StandIn, tmp_path: Path) -> None:
    run(server, tmp_path)

    again = run(server, tmp_path)

    assert (0, 1) == (again.code, len(server.runs))


def test_what_was_asked_for_and_is_not_seen_is_an_error_and_is_not_asked_for_again(
    server: StandIn, tmp_path: Path
) -> None:
    server.shows = False

    first, second = run(server, tmp_path), run(server, tmp_path)

    assert (1, 1, 1) == (first.code, second.code, len(server.runs))
    assert "no run p/ct-start-0 was seen" in first.problem
    assert first.problem == second.problem


def test_a_run_that_was_started_twice_by_somebody_else_is_an_error(server: StandIn, tmp_path: Path) -> None:
    run(server, tmp_path)
    server.runs.append(dict(server.runs[0]))

    ended = run(server, tmp_path)

    assert 1 == ended.code
    assert "was started 2 times" in ended.problem


@pytest.mark.parametrize(("status", "hint"), [(401, "look at the token"), (404, "look at the names"), (302, "address")])
def test_a_refusal_ends_at_once_and_is_asked_again_by_the_next(
    server: StandIn, tmp_path: Path, status: int, hint: str
) -> None:
    server.answers, server.posts, server.takes = status, True, False

    refused = run(server, tmp_path)
    server.answers = 0
    allowed = run(server, tmp_path)

    assert f"answered {status}; {hint}" in refused.problem or hint in refused.problem
    assert TOKEN not in refused.problem
    assert (1, 0, 1) == (refused.code, allowed.code, len(server.runs))


@pytest.mark.parametrize("takes", [True, False])
def test_a_server_that_fails_while_it_is_asked_is_looked_at_and_not_asked_again(
    server: StandIn, tmp_path: Path, takes: bool
) -> None:
    server.answers, server.posts, server.takes = 503, True, takes

    ended = run(server, tmp_path)

    assert int(takes) == len(server.runs)
    assert int(not takes) == ended.code
    assert takes or "no run p/ct-start-0 was seen" in ended.problem


def test_a_server_that_is_away_is_named_and_nothing_was_started(server: StandIn, tmp_path: Path) -> None:
    server.answers = 502

    ended = run(server, tmp_path)

    assert 1 == ended.code
    assert "answered 502; nothing was started; send the event again" in ended.problem
    assert [] == server.runs


def test_a_server_that_is_away_while_a_run_goes_on_is_waited_for(server: StandIn, tmp_path: Path) -> None:
    server.begins = "running"
    away = [lambda: None, lambda: None, lambda: setattr(server, "answers", 502), lambda: time.sleep(2.5)]
    back = [lambda: server.runs[0].update(state="passed"), lambda: setattr(server, "answers", 0)]

    ended = run(server, tmp_path, appears=2, cancelled=script([*away, *back]))

    assert 0 == ended.code


def test_a_run_that_takes_too_long_or_is_cancelled_here_is_ended_there(server: StandIn, tmp_path: Path) -> None:
    server.begins = "running"

    late = run(server, tmp_path, timeout=0)
    first = server.runs.pop()
    cancelled = run(server, tmp_path / "b", cancelled=lambda: bool(server.runs))

    assert "took longer than 0 s, and was ended there" in late.problem
    assert cancelled.problem.endswith("; cancelled, and was ended there")
    assert ["cancelled", "cancelled"] == [each["state"] for each in (first, *server.runs)]


def test_a_run_that_vanishes_is_an_error(server: StandIn, tmp_path: Path) -> None:
    server.begins = "running"
    looks = [*[lambda: None] * 10, lambda: setattr(server, "shows", False)]  # it was seen by then

    assert "is not there any more" in run(server, tmp_path, appears=3, cancelled=script(looks)).problem


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b'{"workflow_runs": 3, "allBuilds": [1], "items": [1], "runs": [1]}']
)
def test_an_answer_that_is_none_is_an_error(server: StandIn, tmp_path: Path, body: bytes) -> None:
    server.show = lambda path: (200, body.decode())  # type: ignore[method-assign]

    assert "answered something else" in run(server, tmp_path).problem


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("at: jenkins", "at: travis"),
        ("https://ci.acme", "https://ci:secret@ci.acme"),
        ("fraud/train", "../fraud"),
        (", token: {file: t}", ""),
    ],
)
def test_a_wrong_start_is_refused_when_the_file_is_read(tmp_path: Path, wrong: str, message: str) -> None:
    start = START.format(url="https://ci.acme").replace(wrong, message)
    (tmp_path / "p.yaml").write_text(PIPELINES.replace("      ct:\n", f"      ct:\n        start: [{start}]\n"))

    with pytest.raises(UsageError, match=r"p\.yaml"):
        read_pipelines(tmp_path / "p.yaml")


def test_no_candidate_is_given_a_secret_of_the_file(tmp_path: Path) -> None:
    start = START.format(url="https://ci.acme").replace("file: t", "env: JENKINS_TOKEN")
    text = PIPELINES.replace("      ct:\n", f"      ct:\n        start: [{start}]\n")
    (tmp_path / "p.yaml").write_text(text.replace("    deadline:", "    env: [JENKINS_TOKEN]\n    deadline:"))
    file = read_pipelines(tmp_path / "p.yaml")

    with pytest.raises(UsageError, match="gives candidates JENKINS_TOKEN"):
        Stages(file=file, target=file.targets["shop"], root=tmp_path).refuse_shared("shop")


def test_a_secret_without_a_value_names_its_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no secret in file"):
        Secret(file=Path("none")).read(tmp_path)


@pytest.mark.heavy
def test_a_training_elsewhere_outlives_a_kill_and_leads_to_the_gate(plant: Plant) -> None:
    (plant.folder / "t").write_text(TOKEN)
    jenkins = StandIn("jenkins", begins="running")
    with jenkins.serve() as url:
        start = START.format(url=url)
        plant.write(PIPELINES.replace("      ct:\n", f"      ct:\n        start: [{start}]\n"))
        plant.serve()
        _, after = plant.push()
        plant.tell_push("0" * 40, after)
        until(lambda: jenkins.runs)
        plant.kill()
        plant.serve()
        jenkins.runs[0]["state"] = "passed"
        (ended,) = plant.ended()

    assert ("passed", "") == (ended["state"], ended["reason"])
    assert [f"{ended['id']}/ct-start-0"] == [each["key"] for each in jenkins.runs]
    assert after == jenkins.runs[0]["given"]["HARNESS_CI_REVISION"]
