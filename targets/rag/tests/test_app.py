"""The service answers in its own words and in OpenAI's, whole or piece by piece, and never half for whole."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rag_target.app import create_app
from rag_target.chat_model import ChatModel
from rag_target.door import Limits
from rag_target.generation import Extractive
from rag_target.handbook import Handbook
from rag_target.index import Index
from starlette.testclient import TestClient

QUESTION = "Which code is used if a machine keeps the money?"
CHAT = {"model": "handbook", "messages": [{"role": "user", "content": QUESTION}]}
Start = Callable[..., Any]  # the fixture `standin`


@pytest.fixture
def book(lexical: Index) -> Handbook:
    return Handbook(index=lexical, generator=Extractive(index=lexical))


@pytest.fixture
def client(book: Handbook) -> TestClient:
    return TestClient(create_app(book))


def modelled(index: Index, url: str) -> TestClient:
    return TestClient(create_app(Handbook(index=index, generator=ChatModel(base_url=url, model="tiny-2026-01-01"))))


def events(text: str) -> list[Any]:
    """Return the data of server-sent events, JSON where it is."""
    found = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    return [each if each == "[DONE]" else json.loads(each) for each in found]


def test_an_answer_comes_with_passages_tokens_cost_and_times(client: TestClient, book: Handbook) -> None:
    found = client.post("/v1/ask", json={"question": QUESTION}).json()

    assert "A10" in found["answer"]
    assert "ok" == found["status"]
    assert "atm-disputes/cash-not-dispensed" == found["contexts"][0]["id"]
    assert [c["score"] for c in found["contexts"]] == sorted((c["score"] for c in found["contexts"]), reverse=True)
    assert all(c["text"] == book.index.passages[c["id"]].text for c in found["contexts"])
    assert {"prompt_tokens", "completion_tokens", "counted"} == set(found["usage"])
    assert 0.0 == found["cost"]
    assert {"retrieval", "first_piece", "total", "rails"} == set(found["seconds"])
    assert book.version == found["version"]


def test_a_streamed_answer_is_the_whole_one_in_pieces(client: TestClient) -> None:
    whole = client.post("/v1/ask", json={"question": QUESTION}).json()

    first, *pieces, last = events(client.post("/v1/ask", json={"question": QUESTION, "stream": True}).text)

    assert whole["contexts"] == first["contexts"]
    assert whole["answer"] == "".join(each["piece"] for each in pieces) == last["answer"]


def test_a_chat_is_answered_as_openai_would(client: TestClient, book: Handbook) -> None:
    found = client.post("/v1/chat/completions", json=CHAT).json()

    (choice,) = found["choices"]
    assert ("chat.completion", book.version) == (found["object"], found["model"])
    assert ("assistant", "stop") == (choice["message"]["role"], choice["finish_reason"])
    assert "A10" in choice["message"]["content"]
    assert found["usage"]["total_tokens"] == found["usage"]["prompt_tokens"] + found["usage"]["completion_tokens"]


def test_a_streamed_chat_ends_with_a_reason_and_done(client: TestClient) -> None:
    whole = client.post("/v1/chat/completions", json=CHAT).json()

    *chunks, done = events(client.post("/v1/chat/completions", json={**CHAT, "stream": True}).text)

    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert whole["choices"][0]["message"]["content"] == text
    assert [None] * (len(chunks) - 1) + ["stop"] == [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    assert (whole["usage"], "[DONE]") == (chunks[-1]["usage"], done)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/ask", {}, 422),
        ("/v1/ask", {"question": ""}, 422),
        ("/v1/ask", {"question": " \n"}, 422),
        ("/v1/ask", {"question": "x" * 2001}, 422),
        ("/v1/ask", {"question": 7}, 422),
        ("/v1/ask", {"question": "Why?", "k": 3}, 422),
        ("/v1/ask", {"question": "x" * 70_000}, 413),
        ("/v1/chat/completions", {**CHAT, "model": "gpt-4o"}, 404),
        ("/v1/chat/completions", {**CHAT, "messages": []}, 422),
        ("/v1/chat/completions", {**CHAT, "messages": [{"role": "system", "content": "Hi"}]}, 422),
        ("/v1/nothing", {}, 404),
    ],
)
def test_what_is_no_question_is_refused_with_a_reason(
    client: TestClient, path: str, body: dict[str, Any], status: int
) -> None:
    found = client.post(path, json=body)

    assert status == found.status_code
    assert found.json()
    assert "xxxx" not in found.text


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        ({"status": 500, "raw": b"broken"}, 502, "errored"),
        ({"pieces": ()}, 502, "unparseable"),
        ({"ends": False}, 502, "errored"),
    ],
)
def test_a_failing_model_is_no_answer(
    lexical: Index, standin: Start, answers: dict[str, Any], status: int, said: str
) -> None:
    client = modelled(lexical, standin(**answers).url)

    found = client.post("/v1/ask", json={"question": QUESTION})

    assert (status, said) == (found.status_code, found.json()["status"])
    assert f'handbook_answers_total{{status="{said}"}} 1.0' in client.get("/metrics").text


def test_a_stream_that_breaks_off_ends_with_an_error_and_never_with_done(lexical: Index, standin: Start) -> None:
    client = modelled(lexical, standin(ends=False).url)

    for path, body in (("/v1/ask", {"question": QUESTION}), ("/v1/chat/completions", CHAT)):
        *_, last = events(client.post(path, json={**body, "stream": True}).text)

        assert "errored" == last["error"]["type"]


def test_callers_need_the_key_where_one_is_set(book: Handbook) -> None:
    client = TestClient(create_app(book, Limits(api_key="s3cret")))
    asked = {"json": {"question": QUESTION}}

    assert 401 == client.post("/v1/ask", **asked).status_code
    assert 401 == client.post("/v1/ask", headers={"X-API-Key": "other"}, **asked).status_code
    assert 200 == client.post("/v1/ask", headers={"X-API-Key": "s3cret"}, **asked).status_code
    assert 200 == client.post("/v1/ask", headers={"Authorization": "Bearer s3cret"}, **asked).status_code
    assert 200 == client.get("/healthz").status_code


def test_a_service_without_a_free_place_says_when_to_come_back(book: Handbook) -> None:
    found = TestClient(create_app(book, Limits(in_flight=0))).post("/v1/ask", json={"question": QUESTION})

    assert (503, "1") == (found.status_code, found.headers["retry-after"])


def test_the_service_says_who_it_is_and_what_it_counted(client: TestClient, book: Handbook) -> None:
    client.post("/v1/ask", json={"question": QUESTION})
    client.post("/v1/ask", json={"question": "Zwetschgenkuchen?"})

    counted = client.get("/metrics").text
    assert {"version": book.version, "digest": book.digest, "parts": dict(book.parts)} == client.get("/v1/model").json()
    assert {"ready": True, "passages": 147} == client.get("/readyz").json()
    assert {"handbook", book.version} == {each["id"] for each in client.get("/v1/models").json()["data"]}
    assert 'handbook_answers_total{status="ok"} 1.0' in counted
    assert 'handbook_answers_total{status="refused"} 1.0' in counted
    assert book.digest in counted
