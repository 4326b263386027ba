"""What `rag.retrieval` measures, against definitions written out here."""

import math

import pytest
from harness_rag import retrieval

from harness import HarnessError
from harness.testing import FakeTarget, measure

ROWS = {
    "id": [1, 2, 3],
    "retrieved": [["a", "b", "c"], ["x", "b"], []],
    "relevant": [["a", "c"], ["b"], ["z"]],
}


def values(metric: str, **params: object) -> list[float]:
    (found,) = [each for each in measure(retrieval, ROWS, **params) if each.metric == metric]
    return found.sample.rows["y"].to_pylist()


def test_recall_is_the_share_of_the_relevant_among_the_first_k() -> None:
    assert [0.5, 1.0, 0.0] == values("recall", k=2)


def test_mrr_is_one_over_the_first_relevant_place() -> None:
    assert [1.0, 0.5, 0.0] == values("mrr")


def test_ndcg_discounts_by_place() -> None:
    best = 1 + 1 / math.log2(3)

    assert [(1 + 1 / 2) / best, 1 / math.log2(3), 0.0] == pytest.approx(values("ndcg"))


def test_an_id_found_twice_counts_once() -> None:
    rows = {"id": [1], "retrieved": [["b", "b", "a"]], "relevant": [["a", "b"]]}

    (found,) = [each for each in measure(retrieval, rows, k=2) if each.metric == "recall"]

    assert [1.0] == found.sample.rows["y"].to_pylist()


def test_several_k_are_told_apart_by_labels() -> None:
    found = measure(retrieval, ROWS, k=[1, 3])

    assert {("recall", "1"), ("recall", "3"), ("mrr", "1"), ("mrr", "3"), ("ndcg", "1"), ("ndcg", "3")} == {
        (each.metric, each.labels["k"]) for each in found
    }


def test_ids_may_be_json_lists_and_numbers() -> None:
    rows = {"id": [1], "retrieved": ["[3, 5]"], "relevant": ["[5]"]}

    (found,) = [each for each in measure(retrieval, rows) if each.metric == "mrr"]

    assert [0.5] == found.sample.rows["y"].to_pylist()


def test_questions_of_one_document_are_a_cluster() -> None:
    found = measure(retrieval, {**ROWS, "document": ["d", "d", "e"]}, target=FakeTarget(cluster="document"))

    assert all("cluster.document" in each.sample.rows.column_names for each in found)


def test_a_question_without_anything_relevant_is_refused() -> None:
    with pytest.raises(HarnessError, match="1 of 1 questions .* have no relevant id in 'relevant'"):
        measure(retrieval, {"id": [1], "retrieved": [["a"]], "relevant": [[]]}, k=1)
