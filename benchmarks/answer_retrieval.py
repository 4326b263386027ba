"""How well the handbook's retrieval finds what people cited: prints the table of docs/judges.md.

    python benchmarks/answer_retrieval.py ../shared/data --scifact words    # needs the group `rag`
    python benchmarks/answer_retrieval.py ../shared/data --scifact both     # and half an hour of one core

Public labelled data, read and not copied. Bounds are one-sided, 95 % each, of questions clustered by the document.
"""

import argparse
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from harness_rag.ranking import mrr, ndcg, recall
from rag_target.embedding import MiniLm
from rag_target.passages import Passage
from rag_target.ranking import Bm25, Dense, Hybrid, Ranker
from rag_target.stores import ExactStore

from harness import estimate, samples

METRICS = {"nDCG@10": ndcg, "recall@10": recall, "MRR@10": mrr}
Question = tuple[str, frozenset[str]]


def lines(path: Path) -> Iterator[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def xquad(data: Path) -> tuple[list[Passage], list[Question]]:
    rows = lines(data / "rag_xquad_en/paragraphs.jsonl.gz")
    asked = lines(data / "rag_xquad_en/questions.jsonl.gz")
    passages = [Passage(id=row["_id"], title=row["title"], heading="", text=row["text"]) for row in rows]
    return passages, [(row["question"], frozenset([row["context_id"]])) for row in asked]


def scifact(data: Path) -> tuple[list[Passage], list[Question]]:
    rows = lines(data / "rag_scifact/corpus.jsonl.gz")
    claims = lines(data / "rag_scifact/claims_train.jsonl.gz")
    passages = [
        Passage(id=str(row["_id"]), title=row["title"], heading="", text=" ".join(row["abstract"])) for row in rows
    ]
    return passages, [(row["claim"], frozenset(row["cited_doc_ids"])) for row in claims if row["cited_doc_ids"]]


def print_retrieval(title: str, passages: Sequence[Passage], questions: Sequence[Question], rankings: str) -> None:
    for name, ranker in rankers(passages, rankings).items():
        found = [([each for each, _ in ranker.rank(text, 10)], good) for text, good in questions]
        groups = pa.array([min(good) for _, good in questions])
        cells = [mean_text([measure(ids, good, 10) for ids, good in found], groups) for measure in METRICS.values()]
        print(f"| {title} | {len(questions)} | {name} | {' | '.join(cells)} |", flush=True)


def rankers(passages: Sequence[Passage], rankings: str) -> Mapping[str, Ranker]:
    words = Bm25(passages=passages)
    if rankings == "words":
        return {"BM25": words}
    embedder = MiniLm()
    store = ExactStore([each.id for each in passages], embedder.embed([each.full_text for each in passages]))
    meaning = Dense(embedder=embedder, store=store)
    return {"BM25": words, "MiniLM": meaning, "both": Hybrid(rankers=[words, meaning])}


def mean_text(values: Sequence[float], groups: pa.Array) -> str:
    seen = estimate(samples.rows.mean(pa.table({"y": values, "cluster.group": groups}), limits=(0.0, 1.0)))
    return f"{seen.value:.3f} ({seen.lower:.3f} to {seen.upper:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description="How well the handbook's retrieval finds what people cited.")
    parser.add_argument("data", type=Path, help="The folder of the labelled sets.")
    parser.add_argument("--scifact", choices=("words", "both"), default="words")
    given = parser.parse_args()
    print_retrieval("XQuAD", *xquad(given.data), "both")
    print_retrieval("SciFact", *scifact(given.data), given.scifact)


if __name__ == "__main__":
    main()
