"""What goes through the door: answers recorded and replayed, calls paced and tried again, and who may call what."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from harness_models.endpoints import read_models
from harness_models.testing import StandIn, ask, completion, judge_url

from harness import UsageError

Open = Any


def test_an_answer_comes_as_the_endpoint_gave_it(upstream: StandIn, opened: Open) -> None:
    with opened() as door:
        (found,) = ask(door, "is it so?")

    assert (200, "yes") == (found.status, found.body["choices"][0]["message"]["content"])
    assert "is it so?" == upstream.seen[0]["messages"][0]["content"]


def test_tokens_and_cost_are_counted_for_each_step(opened: Open) -> None:
    with opened() as door:
        ask(door, "a", "b", step="first")
        ask(door, "c", step="second")

        assert (30, 0.00012) == (door.cost("suite", "first").tokens, door.cost("suite", "first").money)
        assert 15 == door.cost("suite", "second").tokens
        assert 0 == door.cost("suite", "third").tokens


def test_a_call_that_is_asked_again_or_meanwhile_is_sent_once(upstream: StandIn, opened: Open) -> None:
    upstream.delay = 0.05
    with opened() as door:
        ask(door, "a", "a", "a")
        ask(door, "a")

        assert 15 == door.cost("suite", "step").tokens
    assert 1 == len(upstream.seen)


@pytest.mark.parametrize("other", [{"temperature": 1}, {"max_tokens": 11}, {"seed": 2}])
def test_calls_that_differ_in_anything_are_other_calls(upstream: StandIn, opened: Open, other: dict[str, Any]) -> None:
    with opened() as door:
        ask(door, "a")
        ask(door, "a", **other)

    assert 2 == len(upstream.seen)


def test_a_recording_is_replayed_and_nothing_is_sent(upstream: StandIn, opened: Open) -> None:
    with opened(replay="record") as door:
        (sent,) = ask(door, "a")
        asked = door.calls("suite", "step")
        door.keep()
    with opened(replay="strict") as door:
        (found,) = ask(door, "a")
        replayed = door.calls("suite", "step")
        cost = door.cost("suite", "step")

    assert sent.body == found.body
    assert 1 == len(upstream.seen)
    assert asked
    assert replayed
    assert asked.answers == replayed.answers
    assert (1, 0, 0, 1) == (asked.sent, asked.replayed, replayed.sent, replayed.replayed)
    assert (0, 0.0) == (cost.tokens, cost.money)


def test_what_is_not_recorded_is_an_error_where_replay_is_strict(upstream: StandIn, opened: Open) -> None:
    with opened(replay="record") as door:
        ask(door, "a")
        door.keep()
    with opened(replay="strict") as door:
        (found,) = ask(door, "b")

        assert (404, "not_recorded") == (found.status, found.error)
        assert 1 == door.calls("suite", "step").failed  # type: ignore[union-attr]
    assert 1 == len(upstream.seen)


def test_another_version_of_a_deployment_makes_recorded_answers_unknown(upstream: StandIn, opened: Open) -> None:
    with opened(replay="record") as door:
        ask(door, "a")
        door.keep()
    with opened(replay="strict", more="    version: second\n") as door:
        (found,) = ask(door, "a")

    assert "not_recorded" == found.error


def test_without_replay_a_run_that_ended_leaves_no_answers(upstream: StandIn, opened: Open, tmp_path: Path) -> None:
    with opened() as door:
        ask(door, "a")
        door.keep()
    with opened() as door:
        ask(door, "a")

    assert 2 == len(upstream.seen)
    assert [] == list((tmp_path / "calls").glob("recording*"))


def test_a_recording_without_answers_is_a_usage_error(opened: Open) -> None:
    with (
        pytest.raises(UsageError, match="holds no answers to replay; run"),
        opened(replay="strict"),
    ):
        pass


def test_a_storm_of_429_ends_with_every_answer_and_costs_nothing_more(upstream: StandIn, opened: Open) -> None:
    def crowded(server: StandIn, asked: dict[str, Any]) -> tuple[int, str]:
        return (429, "{}") if server.at_once > 4 else (200, completion())

    upstream.script, upstream.delay = crowded, 0.01
    with opened(budget=100) as door:
        found = ask(door, *map(str, range(60)))
        cost = door.cost("suite", "step")

    assert [200] * 60 == [each.status for each in found]
    assert 60 * 15 == cost.tokens
    assert 60 * 0.00006 == pytest.approx(cost.money)  # what was refused as too much cost nothing


def test_what_gets_no_answer_is_an_error_that_no_client_tries_again(upstream: StandIn, opened: Open) -> None:
    upstream.script = lambda server, asked: None
    with opened(more="    deadline: 4\n") as door:
        (found,) = ask(door, "a")

    assert found.status in (502, 504)
    assert "false" == found.headers["x-should-retry"]
    assert len(upstream.seen) > 1


def test_a_call_that_was_cut_once_is_tried_again(upstream: StandIn, opened: Open) -> None:
    upstream.script = lambda server, asked: None if len(server.seen) == 1 else (200, completion())
    with opened() as door:
        (found,) = ask(door, "a")

    assert 200 == found.status
    assert 2 == len(upstream.seen)


def test_a_slow_endpoint_is_timed_out_and_its_calls_are_paid_at_their_worst(upstream: StandIn, opened: Open) -> None:
    upstream.delay = 3.0
    with opened(budget=100, more="    seconds: 0.5\n    deadline: 1.5\n") as door:
        began = time.monotonic()
        (found,) = ask(door, "a")
        cost = door.cost("suite", "step")

    assert (504, "timed_out") == (found.status, found.error)
    assert time.monotonic() - began < 3
    assert cost.money >= 0.0001 * len(upstream.seen)  # ten tokens of output at least, each time


@pytest.mark.parametrize("body", ["<html>", "", "[1]", "{}", '{"choices": []}', '{"choices": [{"mess'])
def test_what_is_no_answer_is_unparseable_and_never_recorded(upstream: StandIn, opened: Open, body: str) -> None:
    upstream.script = lambda server, asked: (200, body)
    with opened(replay="record") as door:
        (found,) = ask(door, "a")
        door.keep()
    upstream.script = lambda server, asked: (200, completion())
    with opened(replay="record") as door:
        (again,) = ask(door, "a")

    assert (502, "unparseable", "false") == (found.status, found.error, found.headers["x-should-retry"])
    assert 200 == again.status


def test_a_truncated_answer_is_no_answer(upstream: StandIn, opened: Open) -> None:
    upstream.script = lambda server, asked: (206, completion()[:20])
    with opened(more="    deadline: 0.5\n") as door:
        (found,) = ask(door, "a")

    assert (found.status, found.error) in ((502, "errored"), (503, "dead"), (504, "timed_out"))


def test_an_error_of_the_endpoint_is_passed_on_and_not_tried_again(upstream: StandIn, opened: Open) -> None:
    upstream.script = lambda server, asked: (500, '{"error": "no"}')
    with opened() as door:
        (found,) = ask(door, "a")

    assert (500, "false", 1) == (found.status, found.headers["x-should-retry"], len(upstream.seen))


def test_an_endpoint_that_dies_half_way_fails_the_rest_and_loses_no_answer(upstream: StandIn, opened: Open) -> None:
    upstream.script = lambda server, asked: (200, completion()) if len(server.seen) <= 20 else None
    with opened(more="    deadline: 0.5\n") as door:
        found = ask(door, *map(str, range(60)))
        calls = door.calls("suite", "step")

    assert {200} < {each.status for each in found} <= {200, 502, 503, 504}
    assert calls
    assert 60 == calls.sent + calls.failed
    assert 0 < calls.sent == sum(each.status == 200 for each in found) <= 20


def test_nobody_home_is_found_out_and_not_asked_for_ever(opened: Open, upstream: StandIn, tmp_path: Path) -> None:
    with opened() as door:
        door._desk.models.endpoints["judge"].__dict__["url"] = "http://127.0.0.1:9/v1"  # nobody listens there
        door._desk.models.endpoints["judge"].__dict__["deadline"] = 0.5
        ask(door, *map(str, range(30)))
        began = time.monotonic()
        (found,) = ask(door, "more")

    assert (503, "dead") == (found.status, found.error)
    assert time.monotonic() - began < 0.3


def test_the_key_goes_to_the_endpoint_and_nowhere_else(upstream: StandIn, opened: Open, tmp_path: Path) -> None:
    secret = "sk-very-secret"
    upstream.script = lambda server, asked: (200, completion(f"you sent {secret}"))
    with opened(more="    key: MY_KEY\n", environ={"MY_KEY": secret}, replay="record") as door:
        (found,) = ask(door, "a")
        kept = "".join(path.read_text() for path in (tmp_path / "calls").iterdir())
        door.keep()
    kept += "".join(path.read_text() for path in (tmp_path / "calls").iterdir())

    assert [f"Bearer {secret}"] == upstream.keys
    assert "you sent ***" == found.body["choices"][0]["message"]["content"]
    assert secret not in kept
    assert "you sent ***" in kept


def test_prompts_are_not_kept(opened: Open, tmp_path: Path) -> None:
    with opened(replay="record") as door:
        ask(door, "my name is Ada Lovelace")
        door.keep()

    assert "Lovelace" not in (tmp_path / "calls/recording.jsonl").read_text()


def test_only_declared_models_paths_and_who_knows_the_way_are_answered(upstream: StandIn, opened: Open) -> None:
    with opened() as door:
        (model,) = ask(door, "a", model="gpt-latest")
        (path,) = ask(door, "a", path="/files")
        url = judge_url(door)
        door.urls = lambda suite, step, endpoints: {"judge": url.replace(url.split("/")[3], "guess")}  # type: ignore[method-assign]
        (stranger,) = ask(door, "a")

    assert ["model_not_found", "not_found", "not_found"] == [each.error for each in (model, path, stranger)]
    assert [] == upstream.seen


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("endpoints: {a: {url: 'ftp://x', models: {m: null}}}", "is no URL of http or https"),
        ("endpoints: {a: {url: 'http://me:secret@x', models: {m: null}}}", "holds more than host"),
        ("endpoints: {a: {url: 'http://far.example/v1', models: {m: null}, key: K}}", "sent in the clear"),
        ("endpoints: {a: {url: 'http://x/v1', models: {m: {input: -1, output: 1}}}}", "greater than or equal to 0"),
        ("endpoints: {a: {url: 'http://x/v1', models: {m: null}, retries: 3}}", "retries"),
        ("endpoints: {}", "endpoints"),
    ],
)
def test_what_models_yaml_cannot_mean_is_refused(opened: Open, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "models.yaml").write_text(text)

    with pytest.raises(UsageError, match=said):
        read_models(tmp_path / "models.yaml")


def test_a_key_that_is_declared_must_be_set(opened: Open) -> None:
    with pytest.raises(UsageError, match="variable MY_KEY is not set"), opened(more="    key: MY_KEY\n"):
        pass


@pytest.mark.parametrize(("end", "status"), [("data: [DONE]\n\n", 200), ("", 502)])
def test_streams_are_answered_whole_or_not_at_all(upstream: StandIn, opened: Open, end: str, status: int) -> None:
    chunk = json.dumps({"choices": [{"delta": {"content": "y"}}], "usage": {"prompt_tokens": 3}})
    upstream.script = lambda server, asked: (200, f"data: {chunk}\n\n{end}")
    with opened() as door:
        (found,) = ask(door, "a", stream=True)

        assert status == found.status
        assert (3 if end else 0) == door.cost("suite", "step").tokens


def test_the_endpoint_sets_a_limit_of_tokens_where_the_client_sets_none(upstream: StandIn, opened: Open) -> None:
    with opened(more="    max_tokens: 77\n") as door:
        ask(door, "a", max_tokens=None)

    assert 77 == upstream.seen[0]["max_tokens"]


def test_an_endpoint_that_cut_the_request_gave_no_answer(upstream: StandIn, opened: Open) -> None:
    with opened() as door:
        (found,) = ask(door, "word " * 11)  # ten tokens are said to be read

    assert (502, "cut") == (found.status, found.error)
