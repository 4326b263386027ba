"""Every passage is found by itself, and questions find the passages that answer them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np
import pytest
from rag_target.embedding import Vector
from rag_target.index import Index, StoreName, build_index, open_store
from rag_target.passages import Passage, read_passages
from rag_target.questions import read_questions
from rag_target.ranking import Bm25, Hybrid, Ranked
from rag_target.stores import ExactStore, prove_self_search

ANSWERABLE = [question for question in read_questions() if question.answerable]


def recall(index: Index, k: int) -> float:
    """Return the mean share of gold passages among the first k, over every third question."""
    asked = ANSWERABLE[::3]
    shares = [
        len({hit.passage.id for hit in index.search(q.question, k)} & {*q.relevant}) / len(q.relevant) for q in asked
    ]
    return sum(shares) / len(shares)


def test_five_passages_hold_most_answers_and_vectors_add_to_words(lexical: Index, hybrid: Index) -> None:
    assert recall(lexical, 5) > 0.93
    assert recall(hybrid, 5) > 0.95
    assert recall(hybrid, 1) >= recall(lexical, 1) - 0.02


def test_equal_questions_find_equal_passages_in_an_index_built_again(lexical: Index) -> None:
    again = build_index(read_passages(), "bm25")

    assert lexical.describe() == again.describe()
    assert [lexical.search(q.question, 10) for q in ANSWERABLE] == [again.search(q.question, 10) for q in ANSWERABLE]


FITS = """
from rag_target.index import build_index
from rag_target.passages import read_passages
from rag_target.questions import read_questions
passages = read_passages()
index = build_index(passages, "bm25")
print([index.coverage(q.question, p.full_text) for q in read_questions()[:40] for p in passages[:80]])
"""


def test_passages_cover_a_question_alike_to_the_last_digit_in_every_process() -> None:
    found = {
        subprocess.check_output([sys.executable, "-c", FITS], env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in ("1", "2", "3")
    }

    assert 1 == len(found)


def test_bm25_equals_the_formula_worked_by_hand() -> None:
    texts = ("card card stolen", "card lost")
    passages = [Passage(id=f"p/{n}", title="", heading="", text=text) for n, text in enumerate(texts)]
    idf = np.log(1 + (2 - 1 + 0.5) / (1 + 0.5))  # one of two passages has "stolen"
    expected = idf * 1 * 2.2 / (1 + 1.2 * (1 - 0.75 + 0.75 * 3 / 2.5))

    ((name, score),) = Bm25(passages=passages).rank("stolen?", 5)

    assert ("p/0", pytest.approx(expected)) == (name, score)


def test_a_question_without_a_known_word_finds_nothing_by_words(lexical: Index) -> None:
    assert [] == list(lexical.search("Zwetschgenkuchen?", 5))


def test_an_exact_store_finds_what_a_full_sort_finds() -> None:
    chance = np.random.default_rng(0)
    vectors = [v / np.linalg.norm(v) for v in chance.normal(size=(300, 16)).astype(np.float32)]
    ids = [f"v{n}" for n in range(300)]
    asked = vectors[7] + vectors[8]
    expected = sorted(ids, key=lambda name: -float(vectors[ids.index(name)] @ asked))[:10]

    found = ExactStore(ids, vectors).nearest(asked, 10)

    assert expected == [name for name, _ in found]


@pytest.mark.parametrize("name", ["chroma", "milvus"])
def test_a_store_of_others_finds_what_the_exact_store_finds_whatever_it_is_asked(name: StoreName) -> None:
    chance = np.random.default_rng(1)
    vectors = [v / np.linalg.norm(v) for v in chance.normal(size=(300, 16)).astype(np.float32)]
    ids = [f"v{n}" for n in range(300)]
    exact, other = open_store("exact", ids, vectors), open_store(name, ids, vectors)

    for asked in vectors[:20] + [vectors[n] + 0.7 * vectors[n + 1] for n in range(20)]:
        wanted = asked / np.linalg.norm(asked)
        expected, found = exact.nearest(wanted, 10), other.nearest(wanted, 10)

        assert [name for name, _ in expected] == [name for name, _ in found]
        assert [score for _, score in expected] == pytest.approx([score for _, score in found], abs=1e-5)
    prove_self_search(other, ids, vectors)


@pytest.mark.parametrize("name", ["chroma", "milvus"])
def test_a_store_of_others_looks_nothing_up_outside(name: StoreName, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **_: asked.append(given) or [])
    vectors = [np.eye(4, dtype=np.float32)[n] for n in range(4)]

    open_store(name, list("abcd"), vectors).nearest(vectors[0], 2)
    time.sleep(1)  # what is sent in the background is sent by now

    assert [] == asked


def test_a_store_that_loses_a_passage_is_refused() -> None:
    vectors = [np.array([1, 0], np.float32), np.array([0, 1], np.float32)]

    class Forgetful:
        name = "forgetful"

        def nearest(self, vector: Vector, k: int) -> Sequence[tuple[str, float]]:
            return [("a", 1.0)]

    with pytest.raises(ValueError, match="'forgetful' does not find 1 of 2 passages .* first 'b'"):
        prove_self_search(Forgetful(), ["a", "b"], vectors)


def test_reciprocal_ranks_prefer_what_both_rankings_know() -> None:
    class Fixed:
        name = "fixed"

        def __init__(self, *ids: str) -> None:
            self.ids = ids

        def rank(self, question: str, k: int) -> Ranked:
            return [(name, 1.0) for name in self.ids[:k]]

        def describe(self) -> dict[str, str]:
            return {}

    found = Hybrid(rankers=[Fixed("a", "b"), Fixed("c", "b")]).rank("any", 3)

    assert ["b", "a", "c"] == [name for name, _ in found]
    assert pytest.approx(2 / 62) == found[0][1]


def test_the_identity_of_an_index_names_corpus_model_and_fusion(hybrid: Index, lexical: Index) -> None:
    assert {"corpus", "retrieval", "bm25", "embedder", "store", "fusion"} == set(hybrid.describe())
    assert {"corpus", "retrieval", "bm25"} == set(lexical.describe())
    assert hybrid.describe()["corpus"] == lexical.describe()["corpus"]
