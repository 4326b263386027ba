"""Apps answer the rows of a suite: by `http` whatever they are, by `openai` a chat model; all that comes is kept."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow as pa
import pytest

from harness import HarnessError, UsageError
from harness.builtin.answers import MadeOf
from harness.builtin.http import Template, http
from harness.builtin.openai import openai
from harness.testing import dataset
from tests.support.loopback import Handler, serve

PASSAGES = [{"id": "a", "text": "It is so."}, {"id": "b", "text": "It is not."}]
REPLIES: dict[str, tuple[int, str]] = {
    "good": (200, json.dumps({"answer": "So.", "passages": PASSAGES})),
    "slow": (504, "{}"),
    "down": (500, "out of memory"),
    "prose": (200, "<html>"),
    "other": (200, '{"result": 1}'),
}
ASKS = Template(path="/ask", body={"question": "{question}"})
asked: list[dict[str, Any]] = []
RELEASED = Event()  # ends what is late


def completion(**choice: Any) -> str:
    return json.dumps({"model": "m-2026-01-01", "choices": [{"message": {"content": "So."}, **choice}]})


CHATS: dict[str, tuple[int, str]] = {
    "good": (200, completion(finish_reason="stop")),
    "cut": (200, completion(finish_reason="length")),
    "withheld": (200, completion(finish_reason="content_filter")),
    "declined": (200, completion(message={"content": None, "refusal": "no"})),
    "empty": (200, '{"choices": []}'),
    "another": (200, completion().replace("m-2026", "n-2026")),
    "spent": (402, '{"error": {"type": "budget_spent"}}'),
}


class App(Handler):
    """Answers each question by its first word."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        asked.append(body)
        word = (body.get("question") or body["messages"][-1]["content"]).split()[0]
        if word == "late":
            RELEASED.wait(30)
            return  # whoever asked has gone
        status, text = (REPLIES if self.path == "/ask" else CHATS)[word]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def url() -> Iterator[str]:
    asked.clear()
    with serve(App) as url:
        yield url


def questions(*said: str, **more: Any) -> Mapping[str, Any]:
    return {"rows": dataset(pa.table({"id": list(range(len(said))), "question": list(said), **more}), id="id")}


def test_answers_passages_and_ids_stand_beside_the_rows_and_nothing_is_asked_twice(url: str) -> None:
    places: dict[str, Any] = {"answer_at": "answer", "contexts_at": "passages.*.text", "ids_at": "passages.*.id"}
    with http(questions("good", "good", "good sir"), url=url, request=ASKS, **places) as app:
        found = app.dataset("rows").rows().to_pylist()
        app.dataset("rows")

    assert [("So.", ["It is so.", "It is not."], ["a", "b"], "ok")] * 3 == [
        (row["answer"], row["contexts"], row["retrieved"], row["status"]) for row in found
    ]
    assert 2 == len(asked)


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        ("slow", "timed_out", "status 504"),
        ("down", "errored", "out of memory"),
        ("prose", "unparseable", "no JSON"),
        ("other", "unparseable", "nothing at 'answer'"),
    ],
)
def test_what_is_no_answer_stays_in_with_what_became_of_it(url: str, said: str, status: str, why: str) -> None:
    with http(questions("good", said), url=url, request=ASKS, answer_at="answer") as app:
        found = app.dataset("rows").rows().to_pylist()[1]

    assert (None, status) == (found["answer"], found["status"])
    assert why in found["why"]


def test_nobody_listening_is_an_error_of_each_row() -> None:
    with http(questions("good"), url="http://127.0.0.1:9", request=ASKS, answer_at="answer") as app:
        found = app.dataset("rows").rows().to_pylist()[0]

    assert (None, "errored") == (found["answer"], found["status"])


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("good", "ok"),
        ("cut", "unparseable"),
        ("withheld", "refused"),
        ("declined", "refused"),
        ("empty", "unparseable"),
        ("another", "errored"),
        ("spent", "errored"),
    ],
)
def test_a_chat_model_is_asked_a_prompt_for_each_row(url: str, said: str, status: str) -> None:
    given: dict[str, Any] = {"data": "rows", "endpoint": url, "model": "m-2026-01-01", "system": "Be brief.", "seed": 1}
    with openai(questions(said, who=["Ann"]), prompt="{question} asks {who}", **given) as app:
        found = app.dataset("rows").rows().to_pylist()[0]

    assert status == found["status"]
    assert ("So." if status == "ok" else None) == found["answer"]
    assert ["Be brief.", f"{said} asks Ann"] == [each["content"] for each in asked[0]["messages"]]
    assert (0.0, 1, 300) == tuple(asked[0][name] for name in ("temperature", "seed", "max_tokens"))


def test_an_answer_that_comes_too_late_is_timed_out(url: str) -> None:
    given: dict[str, Any] = {"data": "rows", "endpoint": url, "model": "m-2026-01-01", "seconds": 0.5}
    with openai(questions("late"), **given) as app:
        found = app.dataset("rows").rows().to_pylist()[0]
    RELEASED.set()

    assert (None, "timed_out") == (found["answer"], found["status"])


def test_an_app_is_declared_unless_what_it_is_made_of_is_digested(url: str, tmp_path: Path) -> None:
    (tmp_path / "prompt.txt").write_text("Be brief.")
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "a").write_text("a")
    made_of = {"build": "c0ffee", "files": [str(tmp_path / "prompt.txt")], "index": str(tmp_path / "index")}

    def digest(change: Callable[[], object] = lambda: None, **given: Any) -> str | None:
        change()
        chosen = {"request": ASKS, "identity": made_of, **given}
        with open_http(questions("good"), url=url, **chosen) as app:
            return app.identity().digest  # type: ignore[no-any-return]

    whole = digest()

    assert digest(identity=None) is None
    assert whole == digest()
    assert whole != digest(request=Template(path="/ask", body={"question": "{question}", "k": 3}))
    assert whole != digest(identity={**made_of, "build": "c0ffef"})
    assert whole != digest(lambda: (tmp_path / "index" / "a").write_text("b"))
    with pytest.raises(UsageError, match="there is no such file or folder"):
        digest(identity={**made_of, "index": "nowhere"})


def open_http(datasets: Mapping[str, Any], *, identity: Any, **given: Any) -> Any:
    return http(datasets, identity=MadeOf.model_validate(identity) if identity else None, **given)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"answer_at": "answer", "request": Template(path="/ask")}, "names no column"),
        ({"contexts_at": "passages", "request": ASKS}, "need `answer_at`"),
    ],
)
def test_rows_that_cannot_be_asked_are_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why), http(questions("good"), url="http://127.0.0.1:9", **given):
        pass


def test_a_column_that_would_be_hidden_is_refused(url: str) -> None:
    with (
        http(questions("good", answer=["mine"]), url=url, request=ASKS, answer_at="answer") as app,
        pytest.raises(HarnessError, match="has a column 'answer' already"),
    ):
        app.dataset("rows")
