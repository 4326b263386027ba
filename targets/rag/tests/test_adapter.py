"""A suite is given the questions with what was answered, each asked once, and knows who answered."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr
from rag_target.adapter import handbook
from rag_target.chat_model import ChatModel
from rag_target.opening import Chat
from rag_target.questions import read_questions, write_questions
from rag_target.remote import RemoteHandbook, run_service

from harness import Dataset, HarnessError, UsageError
from harness.testing import dataset

SUITE_ROWS = Path(__file__).parents[3] / "suites" / "handbook" / "questions.parquet"
QUESTIONS = read_questions()[:6]
NONE = next(question for question in read_questions() if "canteen" in question.question)
ASKED = pa.table(
    {"id": [q.id for q in (*QUESTIONS, NONE)], "question": [q.question for q in (*QUESTIONS, NONE)], "n": [1] * 7}
)
Start = Callable[..., Any]  # the fixture `standin`


@pytest.fixture
def rows() -> Dataset:
    return dataset(ASKED, id="id")


def test_the_suite_s_rows_are_the_questions(tmp_path: Path) -> None:
    write_questions(read_questions(), tmp_path / "questions.parquet")

    assert pq.read_table(tmp_path / "questions.parquet").equals(pq.read_table(SUITE_ROWS))


def test_a_dataset_has_answers_contexts_and_retrieved_ids_beside_its_own_columns(rows: Dataset) -> None:
    with handbook({"data": rows}, data="data", retrieval="bm25", k=4) as target:
        found = target.dataset("data")
        columns, table = set(found.columns), found.rows().sort_by("id").to_pylist()

    assert rows.digest == found.digest
    assert {"id", "question", "n", "answer", "contexts", "retrieved", "scores", "status"} <= columns
    assert [(q.id, q.question) for q in QUESTIONS] == [(row["id"], row["question"]) for row in table[:6]]
    assert all(4 == len(row["contexts"]) == len(row["retrieved"]) == len(row["scores"]) for row in table[:6])
    assert all(question.relevant[0] in row["retrieved"] for question, row in zip(QUESTIONS, table, strict=False))
    assert all(row["answer"] and row["total_ms"] >= row["first_piece_ms"] > 0 and row["cost"] == 0 for row in table)
    assert "refused" == table[6]["status"]


def test_a_question_is_asked_once_a_run_however_many_datasets_have_it(rows: Dataset, standin: Start) -> None:
    server = standin()
    chat = {"base_url": server.url, "model": "tiny-2026-01-01"}
    few = dataset(ASKED.slice(0, 3), id="id")

    with opened({"data": rows, "few": few}, chat=chat) as target:
        before = [target.dataset(name).rows().to_pylist() for name in ("data", "few", "data")]

    assert 7 == len(server.asked)
    assert before[0] == before[2]


def test_questions_without_an_answer_stay_in_with_what_became_of_them(rows: Dataset, standin: Start) -> None:
    chat = {"base_url": standin(ends=False).url, "model": "tiny-2026-01-01"}

    with opened({"data": rows}, chat=chat) as target:
        table = target.dataset("data").rows().to_pylist()

    assert ["errored"] * 7 == [row["status"] for row in table]
    assert all(row["answer"] is None and "middle of an answer" in row["why"] for row in table)


def test_a_dataset_without_questions_or_not_to_be_asked_is_given_as_it_is(rows: Dataset) -> None:
    numbers = dataset(pa.table({"x": [1, 2]}))

    with handbook({"data": rows, "numbers": numbers}, data="data", retrieval="bm25", ask=False) as target:
        assert (rows, numbers) == (target.dataset("data"), target.dataset("numbers"))


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (pa.table({"id": [1], "question": pa.array([None], pa.string())}), HarnessError, "a row has no question"),
        (pa.table({"id": [1], "question": ["Why?"], "Answer": ["no"]}), UsageError, "has the column 'Answer' already"),
    ],
)
def test_rows_that_cannot_be_asked_are_refused(table: pa.Table, error: type[Exception], message: str) -> None:
    with (
        handbook({"data": dataset(table, id="id")}, data="data", retrieval="bm25") as target,
        pytest.raises(error, match=message),
    ):
        target.dataset("data")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"data": "dta"}, "no dataset 'dta' in this suite; did you mean 'data'?"),
        ({"url": "http://127.0.0.1:9", "serve": True}, "a handbook at a `url` is as it is"),
        ({"url": "http://127.0.0.1:9", "k": 3}, "a handbook at a `url` is as it is"),
        ({"chat": {"base_url": "http://127.0.0.1/v1", "model": "gpt-4o"}}, "may be another one tomorrow"),
    ],
)
def test_a_config_that_means_nothing_is_refused(rows: Dataset, config: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message), opened({"data": rows}, **config):
        pass


def test_what_a_check_raises_passes_through_as_it_is(rows: Dataset) -> None:
    with pytest.raises(ValueError, match=r"^mine$"), opened({"data": rows}):
        raise ValueError("mine")


def test_a_service_answers_as_the_handbook_in_this_process(rows: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDBOOK_API_KEY", "s3cret")
    with run_service(["--retrieval", "bm25"]) as url, opened({"data": rows}) as here:
        with opened({"data": rows}, url=url, retrieval=None, api_key="s3cret") as there:
            who, answers = there.identity(), there.dataset("data").rows(["id", "answer", "retrieved"])
            reply = there.send(there.request({"question": QUESTIONS[0].question}))
        with opened({"data": rows}, url=url, retrieval=None) as stranger:
            statuses = stranger.dataset("data").rows(["status"])["status"].to_pylist()

        assert (here.identity().revision, here.identity().digest) == (who.revision, who.digest)
        assert here.dataset("data").rows(["id", "answer", "retrieved"]).sort_by("id") == answers.sort_by("id")
        assert QUESTIONS[0].relevant[0] in {each["id"] for each in reply.json_object()["contexts"]}  # type: ignore[attr-defined]
        assert ["errored"] * 7 == statuses


def test_a_started_service_asks_the_model_of_the_suite(rows: Dataset, standin: Start) -> None:
    server = standin()
    chat = {"base_url": server.url, "model": "tiny-2026-01-01", "seed": 5, "api_key": "sk-secret"}

    with opened({"data": rows}, serve=True, chat=chat) as target:
        who, statuses = target.identity(), target.dataset("data").rows(["status"])["status"].to_pylist()

    model = ChatModel(base_url=server.url, model="tiny-2026-01-01", seed=5)
    assert ["ok"] * 7 == statuses
    assert who.revision.startswith(f"{model.name}+bm25@")
    assert {"Bearer sk-secret"} == {headers["authorization"] for headers in server.headers}
    assert {5} == {asked["seed"] for asked in server.asked}


def test_a_service_that_is_gone_gives_no_answer() -> None:
    found = RemoteHandbook(url="http://127.0.0.1:9")

    with pytest.raises(Exception, match="does not answer"):
        found.ask("Why?")


def opened(datasets: dict[str, Dataset], **config: Any) -> Any:
    """Open the target as a suite's `config:` would, by default without vectors, as embedding takes seconds."""
    given = {"data": "data", "retrieval": "bm25", **config}
    if given.get("url"):
        given["retrieval"] = None
    if "chat" in given:
        given["chat"] = Chat.model_validate(given["chat"])
    if "api_key" in given:
        given["api_key"] = SecretStr(given["api_key"])
    return handbook(datasets, **given)
