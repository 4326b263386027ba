"""Vectors of a server are as good as packaged ones if they are whole; half a list is none, and the model is pinned."""

import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rag_target.adapter import handbook
from rag_target.embedding_model import RemoteEmbedder
from rag_target.generation import Unanswered
from rag_target.opening import Embeddings, Models, open_handbook
from rag_target.questions import read_questions

from harness import UsageError
from harness.testing import dataset

MODEL = "words-2026-01-01"
QUESTION = "How many days after posting does a customer have to contest an ordinary payment?"
WIDTH = 512


def vector(text: str) -> list[float]:
    """Return how often words of each bucket occur, and a little for the whole text, so that no two are equal."""
    found = [0.0] * WIDTH
    for word in re.findall(r"[a-z0-9]+", text.lower()):
        found[zlib.crc32(word.encode()) % WIDTH] += 1
    found[zlib.crc32(text.encode()) % WIDTH] += 0.5
    return found


@dataclass
class Vectors:
    """A server of vectors, in reverse order as servers may; `spoil` changes what it answers."""

    spoil: Callable[[dict[str, Any]], object] = lambda answer: answer
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, asked: dict[str, Any]) -> object:
        data = [{"index": place, "embedding": vector(text)} for place, text in enumerate(asked["input"])]
        return self.spoil({"model": asked["model"], "data": data[::-1], "usage": {"prompt_tokens": 9}})


@pytest.fixture
def vectors() -> Iterator[Callable[..., Vectors]]:
    """Return what starts a server; it ends with the test."""
    with ExitStack() as stack:

        def start(**given: Any) -> Vectors:
            found = Vectors(**given)

            class Handler(BaseHTTPRequestHandler):
                def do_POST(self) -> None:
                    asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                    found.asked.append(asked)
                    found.keys.append(self.headers.get("authorization", ""))
                    body = json.dumps(found.answer(asked)).encode()
                    self.send_response(200 if self.path == "/v1/embeddings" else 404)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *_: object) -> None:
                    """Say nothing."""

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            found.url = f"http://127.0.0.1:{server.server_port}/v1"
            return found

        yield start


Start = Callable[..., Vectors]
Command = Callable[..., Any]
SUITE = """
name: searched
data: {questions: {source: questions.parquet, id: id}}
endpoints: {embedder: URL}
target:
  kind: handbook
  config: {data: questions, retrieval: dense, embeddings: {model: MODEL}, embed_at: embedder}
steps:
  - check: rag.retrieval
    require: {recall: {at_least: 0.1, scope: these}}
""".replace("MODEL", MODEL)


def test_a_handbook_is_searched_by_the_vectors_of_a_server(vectors: Start) -> None:
    server = vectors()
    model = Embeddings(base_url=server.url, model=MODEL, api_key="sk-secret")  # type: ignore[arg-type]

    book = open_handbook(retrieval="dense", models=Models(embeddings=model))
    passage = book.index.passages["time-limits/for-the-cardholder"]
    hits = book.search(passage.full_text)
    before = len(server.asked)
    book.search(passage.full_text)

    assert passage == hits[0].passage
    assert 5 == len(hits)
    assert before == len(server.asked)  # known texts are not asked for again
    assert max(len(asked["input"]) for asked in server.asked) <= 32
    assert {"Bearer sk-secret"} == set(server.keys)
    assert "sk-secret" not in str(book.parts)


def test_a_suite_names_the_model_and_the_identity_does_too(vectors: Start) -> None:
    server = vectors()
    rows = dataset(pa.table({"id": [1], "question": [read_questions()[0].question]}), id="id")

    def digest(**given: Any) -> str | None:
        embeddings = Embeddings(**{"base_url": server.url, "model": MODEL, **given})
        with handbook({"data": rows}, data="data", embeddings=embeddings) as target:
            assert 5 == len(target.dataset("data").rows()["retrieved"].to_pylist()[0])
            assert "hybrid" == target.identity().parts["index.retrieval"]
            return target.identity().digest

    assert digest() == digest(base_url=vectors().url)
    assert digest() != digest(model="words-2026-02-02")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda answer: {**answer, "data": answer["data"][1:]}, "no vectors: 1 for 2 texts"),
        (lambda answer: {**answer, "data": [*answer["data"][:1]] * 2}, "no vectors: 2 for 2 texts"),
        (lambda answer: {**answer, "model": "other-2026-01-01"}, "by 'other-2026-01-01', asked was"),
        (lambda answer: {"data": [{"index": at, "embedding": [0.0, 0.0]} for at in (0, 1)]}, "has no direction"),
        (lambda answer: {"data": [{"index": at, "embedding": [1.0, float("nan")]} for at in (0, 1)]}, "no direction"),
        (lambda answer: {"data": [{"index": at, "embedding": [1.0] * (at + 1)} for at in (0, 1)]}, "they differ"),
        (lambda answer: {"data": [{"index": at, "embedding": "AAAA"} for at in (0, 1)]}, "no vectors"),
        (lambda answer: {"error": "out of memory"}, "no vectors"),
        (lambda answer: ["a"], "no vectors"),
    ],
)
def test_what_are_no_vectors_for_all_texts_are_none(vectors: Start, spoil: Any, why: str) -> None:
    with pytest.raises(Unanswered, match=why):
        RemoteEmbedder(base_url=vectors(spoil=spoil).url, model=MODEL).embed(["a", "b"])


def test_a_handbook_without_vectors_does_not_open_and_one_that_loses_them_does_not_answer(vectors: Start) -> None:
    server = vectors()
    book = open_handbook(models=Models(embeddings=Embeddings(base_url=server.url, model=MODEL)))
    server.spoil = lambda answer: {}

    with pytest.raises(Unanswered, match="no vectors"):
        book.ask(QUESTION)
    with pytest.raises(ValueError, match="the passages are not embedded: .* no vectors"):
        open_handbook(models=Models(embeddings=Embeddings(base_url=server.url, model=MODEL)))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"embeddings": Embeddings(base_url="http://127.0.0.1:9/v1", model="words")}, "may be another one tomorrow"),
        ({"embeddings": Embeddings(base_url="http://127.0.0.1:9/v1", model=MODEL)}, "does not answer"),
        ({"embeddings": Embeddings(model=MODEL)}, "give one of them"),
        ({"embed_at": "http://127.0.0.1:9/v1"}, "give one of them"),
    ],
)
def test_a_model_that_is_not_one_at_one_place_is_refused(given: dict[str, Any], why: str) -> None:
    rows = dataset(pa.table({"id": [1], "question": ["a"]}), id="id")

    with pytest.raises(UsageError, match=why), handbook({"data": rows}, data="data", **given):
        pass


@pytest.fixture
def searched(project: Path, vectors: Start) -> tuple[Path, Vectors]:
    """A project whose handbook has its vectors from an endpoint, and the server there."""
    server = vectors()
    asked = read_questions()[:8]
    columns = {name: [getattr(each, name) for each in asked] for name in ("id", "question", "relevant")}
    pq.write_table(pa.table(columns), project / "questions.parquet")
    (project / "searched.suite.yaml").write_text(SUITE.replace("URL", server.url))
    (project / "models.yaml").write_text(
        f"endpoints:\n  embedder:\n    url: {server.url}\n    models: {{{MODEL}: {{input: 1, output: 0}}}}\n"
    )
    return project, server


def recorded(project: Path) -> dict[str, Any]:
    return dict(json.loads((project / "out" / "searched" / "run.json").read_text()))


def test_vectors_by_the_door_are_recorded_paid_once_and_replayed(
    searched: tuple[Path, Vectors], harness: Command
) -> None:
    project, server = searched

    harness("run", "searched.suite.yaml", "--replay", "record", "--budget", "1", "--out", "out")
    sent, first = len(server.asked), recorded(project)
    harness("run", "searched.suite.yaml", "--replay", "strict", "--out", "out")
    again = recorded(project)

    assert "pass" == first["verdicts"][0]["outcome"] == again["verdicts"][0]["outcome"]
    assert 8 < sent == len(server.asked) == first["calls"]["sent"] == again["calls"]["replayed"]
    assert first["calls"]["answers"] == again["calls"]["answers"]
    assert sent * 9 / 1e6 == pytest.approx(first["cost"]["money"])
    assert 0 == again["cost"]["money"]


def test_a_question_whose_vector_is_not_recorded_is_not_searched_for(
    searched: tuple[Path, Vectors], harness: Command
) -> None:
    project, server = searched
    harness("run", "searched.suite.yaml", "--replay", "record", "--out", "out")
    sent = len(server.asked)
    columns = {"id": ["new"], "question": ["Which code is of a machine?"], "relevant": [["a/b"]]}
    pq.write_table(pa.table(columns), project / "questions.parquet")

    found = harness("run", "searched.suite.yaml", "--replay", "strict", "--out", "out")

    assert 0 != found.code
    assert sent == len(server.asked)
    assert "pass" != recorded(project)["verdicts"][0]["outcome"]


def test_without_the_budget_passages_have_no_vectors_and_nothing_passes(
    searched: tuple[Path, Vectors], harness: Command
) -> None:
    _, server = searched

    found = harness("run", "searched.suite.yaml", "--budget", "0.01", "--out", "out")

    assert found.code not in (0, 1), found.out + found.err
    assert "of the budget is left" in found.out + found.err
    assert [] == server.asked  # the worst case of 32 passages does not fit
