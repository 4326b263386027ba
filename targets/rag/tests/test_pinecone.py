"""Pinecone's own client, held to a stand-in that keeps vectors as its service does."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr, ValidationError
from rag_target import pinecone_store
from rag_target.index import open_store
from rag_target.pinecone_store import PineconeAt
from rag_target.stores import prove_self_search

KEY = "pc-secret"
IDS = [f"v{number}" for number in range(250)]
CHANCE = np.random.default_rng(3)
VECTORS = [v / np.linalg.norm(v) for v in CHANCE.normal(size=(250, 16)).astype(np.float32)]


class Standin:
    """Spaces of vectors, of which it may lose some; counts what was asked."""

    def __init__(self) -> None:
        self.spaces: dict[str, dict[str, list[float]]] = {}
        self.forgets = 0
        self.keys: set[str] = set()
        self.url = ""

    def answer(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what the service answers to a request."""
        if path == "/vectors/upsert":
            space = self.spaces.setdefault(asked["namespace"], {})
            space.update({each["id"]: each["values"] for each in asked["vectors"][self.forgets :]})
            return {"upsertedCount": len(asked["vectors"])}
        if path == "/query":
            space, wanted = self.spaces[asked["namespace"]], np.array(asked["vector"])
            scores = sorted(((float(np.array(v) @ wanted), name) for name, v in space.items()), reverse=True)
            return {"matches": [{"id": name, "score": score} for score, name in scores[: asked["topK"]]]}
        counts = {name: {"vectorCount": len(space)} for name, space in self.spaces.items()}
        return {"namespaces": counts, "dimension": 16, "totalVectorCount": sum(map(len, self.spaces.values()))}


@pytest.fixture
def service() -> Iterator[Standin]:
    standin = Standin()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            standin.keys.add(self.headers["api-key"])
            body = json.dumps(standin.answer(self.path, asked)).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    standin.url = f"http://127.0.0.1:{server.server_port}"
    yield standin
    server.shutdown()
    server.server_close()


def place(service: Standin) -> PineconeAt:
    return PineconeAt(host=service.url, api_key=SecretStr(KEY))


def test_pinecone_finds_what_the_exact_store_finds(service: Standin) -> None:
    exact, pinecone = open_store("exact", IDS, VECTORS), open_store(place(service), IDS, VECTORS)

    for asked in VECTORS[:20]:
        expected, found = exact.nearest(asked, 10), pinecone.nearest(asked, 10)

        assert [name for name, _ in expected] == [name for name, _ in found]
        assert [score for _, score in expected] == pytest.approx([score for _, score in found], abs=1e-5)
    prove_self_search(pinecone, IDS, VECTORS)
    assert {KEY} == service.keys


def test_other_passages_stand_in_another_namespace(service: Standin) -> None:
    open_store(place(service), IDS, VECTORS)
    open_store(place(service), IDS, VECTORS)
    fewer = open_store(place(service), IDS[:5], VECTORS[:5])

    assert [5, 250] == sorted(map(len, service.spaces.values()))
    assert set(IDS[:5]) == {name for name, _ in fewer.nearest(VECTORS[9], 5)}


def test_vectors_that_are_lost_are_an_error(service: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinecone_store, "PATIENCE", 0.3)
    service.forgets = 1

    with pytest.raises(ValueError, match="Pinecone has 247 of 250 vectors"):
        open_store(place(service), IDS, VECTORS)


@pytest.mark.parametrize("host", ["http://elsewhere.example", "https://user@host", "host", "https://host/path"])
def test_a_key_is_sent_to_no_place_that_is_not_an_index(host: str) -> None:
    with pytest.raises(ValidationError, match="is no index's host"):
        PineconeAt(host=host, api_key=SecretStr(KEY))
