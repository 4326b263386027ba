"""Whom the control plane listens to, and what it refuses; one is served for all tests."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from ci.tests.plant import Plant, deliver, lives, make_plant, push_payload, until

PIPELINES = """project: shop
ledger: sqlite:///ledger.db
hooks: {github: {file: hook}, alertmanager: {file: token}, api: {file: token}}
targets:
  shop:
    repository: {url: forge.git, github: acme/shop}
    stages:
      ci: {commands: [{run: [sh, -c, "env; exit 1"]}], gate: schema}
      slow: {commands: [{run: [sleep, "300"]}], gate: schema}
    on: {code: [ci], degradation: [ci]}
    env: [ALLOWED]
  slow:
    repository: {url: forge.git, github: acme/slow}
    stages: {slow: {commands: [{run: [sleep, "300"]}], gate: schema}}
    on: {code: [slow]}
  held:
    repository: {url: forge.git, github: acme/held}
    stages: {ci: {approve: true, gate: schema}}
    on: {code: [ci]}
"""
HEX = "0123456789abcdef"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A control plane whose only stage fails at once."""
    made = make_plant(tmp_path_factory.mktemp("routes"), "http://127.0.0.1:9")
    made.write(PIPELINES)
    made.serve(ALLOWED="yes", RUNNER_KEY="a-private-key")
    yield made
    made.kill()


def commit(number: int) -> str:
    return f"{number:040x}"


def pull_payload(number: int, *, base_ref: str = "main", head: str = "acme/shop") -> dict[str, Any]:
    return {
        "action": "opened",
        "repository": {"full_name": "acme/shop"},
        "pull_request": {
            "number": number,
            "head": {"sha": commit(number + 1), "repo": {"full_name": head}},
            "base": {"sha": commit(7), "ref": base_ref, "repo": {"full_name": "acme/shop"}},
        },
    }


def count(plant: Plant) -> int:
    return len(plant.get("pipelines"))


@pytest.mark.parametrize("secret", ["", "another", "of-the-forge "])
def test_a_delivery_signed_with_another_secret_starts_nothing(served: Plant, secret: str) -> None:
    before = count(served)

    answer = served.deliver("push", push_payload(commit(1), commit(2)), secret)

    assert (answer.status_code, count(served)) == (401, before)


@pytest.mark.parametrize("header", [{}, {"X-Hub-Signature-256": ""}, {"X-Hub-Signature-256": "sha256=é".encode()}])
def test_a_delivery_without_a_signature_starts_nothing(served: Plant, header: dict[str, Any]) -> None:
    answer = httpx.post(f"{served.url}/v1/projects/shop/hooks/github", content=b"{}", headers=header)

    assert 401 == answer.status_code


@pytest.mark.parametrize(
    "path", ["projects/other/hooks/github", "projects/shop/hooks/gitlab", "projects/shop/targets/other/alerts"]
)
def test_an_unknown_project_or_target_and_a_hook_without_a_secret_are_not_found(served: Plant, path: str) -> None:
    answer = httpx.post(f"{served.url}/v1/{path}", json={}, headers={"Authorization": "Bearer of-the-operator"})

    assert 404 == answer.status_code
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {},
        push_payload("x", commit(1)),
        push_payload(commit(1), "g" * 40),
        {**push_payload(commit(1), commit(2)), "ref": 7},
        {**push_payload(commit(1), commit(2)), "repository": "acme/shop"},
    ],
)
def test_a_signed_body_that_is_no_push_is_refused_in_words(served: Plant, payload: Any) -> None:
    before = count(served)

    answer = served.deliver("push", payload)

    assert (answer.status_code, count(served)) == (422, before)
    assert "nothing was started" in answer.json()["error"]


def test_a_body_that_is_too_large_is_refused_unread(served: Plant) -> None:
    answer = served.deliver("push", {"padding": "x" * (1 << 20)})

    assert 413 == answer.status_code


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("ping", {"zen": "x"}),
        ("push", push_payload(commit(1), commit(2), "acme/other")),
        ("push", {**push_payload(commit(1), commit(2)), "ref": "refs/heads/feature"}),
        ("push", push_payload(commit(1), "0" * 40)),
        ("pull_request", pull_payload(3, base_ref="feature")),
    ],
)
def test_what_concerns_no_protected_branch_here_starts_nothing(served: Plant, event: str, payload: Any) -> None:
    answer = served.deliver(event, payload)

    assert (answer.status_code, answer.json()) == (200, {"events": []})


def test_pipelines_are_shown_to_who_has_the_token_alone(served: Plant) -> None:
    answer = httpx.get(f"{served.url}/v1/projects/shop/pipelines", headers={"Authorization": "Bearer x"})

    assert 401 == answer.status_code


def test_of_200_deliveries_at_once_duplicates_count_once_and_forgeries_never(served: Plant) -> None:
    head = until(lambda: served.push())[1]
    pushes = [push_payload(commit(100 + number), head) for number in range(20)]
    sent = [(push, "of-the-forge") for push in pushes * 5] + [(push, "forged") for push in pushes * 5]

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda each: deliver(served.url, "push", *each), sent))
    pipelines = served.ended()

    assert 100 == sum(answer.status_code == 401 for answer in answers)
    told = [event for answer in answers if answer.status_code == 202 for event in answer.json()["events"]]
    assert (20, 80) == (told.count("new"), told.count("known"))
    keys = [key for each in pipelines for key in served.get(f"pipelines/{each['id']}")["events"] if head in key]
    assert 20 == len(keys) == len(set(keys))
    states = [each["state"] for each in pipelines if each["revision"] == head]
    assert (1, {"failed", "skipped"}) == (states.count("failed"), {*states, "skipped"})


def test_code_of_the_candidate_sees_the_variables_it_is_granted_and_no_credential(served: Plant) -> None:
    served.tell_push(*served.push())
    served.ended()

    seen = sorted(served.folder.glob("state/pipelines/*/jobs/ci-0-sh/out"))[-1].read_text()

    assert "ALLOWED=yes" in seen
    assert not [secret for secret in ("a-private-key", "of-the-forge", "of-the-operator") if secret in seen]


def test_a_commit_that_is_not_on_the_protected_branch_is_not_run(served: Plant) -> None:
    served.deliver("push", push_payload(commit(1), commit(2)))

    ended = next(each for each in served.ended() if each["revision"] == commit(2))

    assert "error" == ended["state"]
    assert "is not on 'main'" in ended["reason"]


def test_a_pipeline_that_is_cancelled_ends_its_command(served: Plant) -> None:
    before, after = served.push()
    served.deliver("push", push_payload(before, after, "acme/slow"))
    running = until(lambda: [each for each in served.get("pipelines") if each["target"] == "slow"])[0]
    child = served.folder / "state" / "pipelines" / running["id"] / "jobs" / "slow-0-sleep" / "child"
    until(child.exists)

    answer = served.post(f"pipelines/{running['id']}/cancel")

    assert (answer.status_code, served.get(f"pipelines/{running['id']}")["state"]) == (200, "cancelled")
    until(lambda: not lives(int(child.read_text())), 20)
    assert 409 == served.post(f"pipelines/{running['id']}/cancel").status_code


def test_a_stage_waits_until_it_is_approved_and_goes_on_to_its_gate(served: Plant) -> None:
    before, after = served.push()
    served.deliver("push", push_payload(before, after, "acme/held"))
    waiting = until(lambda: [each for each in served.get("pipelines") if each["state"] == "waiting for approval of ci"])
    path = f"pipelines/{waiting[0]['id']}"

    wrong, right = served.post(f"{path}/approve/cd"), served.post(f"{path}/approve/ci")
    served.ended()

    assert (wrong.status_code, right.status_code) == (409, 200)
    assert served.get(path)["reason"].startswith("stage ci has no suites")


def test_an_alert_storm_starts_one_retraining(served: Plant) -> None:
    before = {each["id"] for each in served.get("pipelines")}

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: served.fire(f"f{number % 20}"), range(60)))
    served.ended()
    begun = [
        each for each in served.get("pipelines") if each["id"] not in before
    ]  # a second one may tell of late alerts

    assert {202} == {answer.status_code for answer in answers}
    assert [["ci"]] == [each["stages"] for each in begun if each["stages"]]
    assert {"events": ["joined"]} == served.fire("f1").json()


@pytest.mark.parametrize("alerts", [None, "x", [{}], [{"status": "firing"}], [{"status": "firing", "fingerprint": 1}]])
def test_alerts_that_do_not_say_what_fired_and_since_when_are_refused(served: Plant, alerts: Any) -> None:
    answer = served.post("targets/shop/alerts", {"alerts": alerts})

    assert 422 == answer.status_code


def test_an_alert_that_is_resolved_starts_nothing(served: Plant) -> None:
    alert = {"status": "resolved", "fingerprint": "a", "startsAt": "x", "labels": {"alertname": "a"}}

    answer = served.post("targets/shop/alerts", {"alerts": [alert]})

    assert {"events": []} == answer.json()
