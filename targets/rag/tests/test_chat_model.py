"""A model behind a URL is pinned, asked as its identity says, and half an answer is none."""

from collections.abc import Callable
from typing import Any
from urllib.error import URLError

import pytest
from rag_target.chat_model import ChatModel, failure_kind
from rag_target.generation import ABSTENTION, Unanswered
from rag_target.handbook import Handbook
from rag_target.index import Index
from rag_target.usage import Price

QUESTION = "How many days after posting does a customer have to contest an ordinary payment?"


Start = Callable[..., Any]  # the fixture `standin`


def book(index: Index, url: str, **given: Any) -> Handbook:
    return Handbook(index=index, generator=ChatModel(base_url=url, model="tiny-2026-01-01", **given))


def test_an_answer_is_what_the_model_streams_with_its_tokens_and_their_price(lexical: Index, standin: Start) -> None:
    server = standin()

    found = book(lexical, server.url, price=Price(prompt=2, completion=10), seed=7).ask(QUESTION)

    (asked,) = server.asked
    system, user = asked["messages"]
    assert "The limit is 120 days [time-limits/for-the-cardholder]." == found.text
    assert (5000, 9, "reported") == (found.usage.prompt_tokens, found.usage.completion_tokens, found.usage.counted)
    assert pytest.approx((5000 * 2 + 9 * 10) / 1e6) == found.cost
    assert ("tiny-2026-01-01", 0.0, 7) == (asked["model"], asked["temperature"], asked["seed"])
    assert QUESTION == user["content"]
    assert all(f"[{hit.passage.id}] {hit.passage.text}" in system["content"] for hit in found.hits)


def test_a_model_that_abstains_is_refused_and_a_cost_without_price_unknown(lexical: Index, standin: Start) -> None:
    found = book(lexical, standin(pieces=(ABSTENTION,)).url).ask(QUESTION)

    assert ("refused", None) == (found.status, found.cost)


@pytest.mark.parametrize(
    ("answers", "status", "why"),
    [
        ({"ends": False}, "errored", "ended in the middle of an answer"),
        ({"pieces": ()}, "unparseable", "without a word"),
        ({"model": "tiny-2026-02-02"}, "errored", "answered by 'tiny-2026-02-02', asked was 'tiny-2026-01-01'"),
        ({"usage": None}, "errored", "reports no usage"),
        ({"usage": {"prompt_tokens": 40, "completion_tokens": 9}}, "errored", "read 40 tokens of a prompt of"),
        ({"status": 500, "raw": b"out of memory"}, "errored", "status 500: out of memory"),
        ({"status": 429, "raw": b"slow down"}, "errored", "status 429: slow down"),
        ({"raw": b"data: {half\n\n"}, "unparseable", "no JSON: '{half'"),
        ({"raw": b'data: {"error": "gone"}\n\n'}, "errored", "gone"),
        ({"raw": b"data: \xff\xfe\n\n"}, "errored", "does not answer"),
        ({"delay": 2.0}, "timed_out", "did not answer within 0.3 s"),
        ({"status": 307, "location": "http://127.0.0.1:9/elsewhere"}, "errored", "status 307"),
    ],
)
def test_what_is_no_whole_answer_is_none(
    lexical: Index, standin: Start, answers: dict[str, Any], status: str, why: str
) -> None:
    asking = book(lexical, standin(**answers).url, timeout=0.3)

    with pytest.raises(Unanswered, match=why) as failure:
        asking.ask(QUESTION)

    assert status == failure.value.status


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (TimeoutError("timed out"), "timed_out"),
        (URLError(TimeoutError("timed out")), "timed_out"),
        (URLError(OSError("the licence timed out")), "errored"),
        (ConnectionResetError("its session timed out"), "errored"),
    ],
)
def test_a_server_is_late_by_the_type_of_an_error_and_not_by_its_words(trouble: Exception, kind: str) -> None:
    assert kind == failure_kind(trouble)


def test_nobody_listening_is_an_error(lexical: Index) -> None:
    with pytest.raises(Unanswered, match="does not answer"):
        book(lexical, "http://127.0.0.1:9/v1").ask(QUESTION)


@pytest.mark.parametrize(
    "model", ["gpt-4o-2024-08-06", "gpt-4-0613", "llama3.2:3b-instruct-q4", "SmolLM2.Q4_1.gguf", "org/model@8f2c1ab"]
)
def test_names_that_stand_for_one_model_are_taken(model: str) -> None:
    assert model == ChatModel(base_url="http://127.0.0.1/v1", model=model).name


@pytest.mark.parametrize("model", ["gpt-4o", "llama3", "llama3:latest", "org/model", "claude-latest", "model@main"])
def test_floating_names_are_refused_unless_a_digest_pins_them(model: str) -> None:
    with pytest.raises(ValueError, match=f"model '{model}' may be another one tomorrow"):
        ChatModel(base_url="http://127.0.0.1/v1", model=model)

    pinned = ChatModel(base_url="http://127.0.0.1/v1", model=model, model_digest=f"sha256:{'a' * 64}")
    assert f"sha256:{'a' * 64}" == pinned.describe()["model_digest"]


def test_the_key_is_sent_and_shown_nowhere(lexical: Index, standin: Start) -> None:
    server = standin()
    asking = book(lexical, server.url, api_key="sk-secret")

    asking.ask(QUESTION)

    assert "Bearer sk-secret" == server.headers[0]["authorization"]
    assert "sk-secret" not in repr(asking) + str(asking.parts)


def test_the_identity_names_the_parameters_and_not_the_address(lexical: Index) -> None:
    def digest(**given: Any) -> str:
        where = given.pop("base_url", "http://127.0.0.1/v1")
        model = ChatModel(base_url=where, model="m@1234567", **given)
        return Handbook(index=lexical, generator=model).digest

    assert digest() == digest(base_url="http://10.0.0.1/v1")
    assert 4 == len({digest(), digest(temperature=0.5), digest(seed=1), digest(max_tokens=9)})
