"""How well judges of answers agree with people: prints the tables of docs/judges.md.

    python benchmarks/answer_judges.py ../shared/data    # needs the group `rag`; 15 minutes of one core

Public labelled data, read and not copied. Bounds are one-sided, 95 % each. AUROC of judges that were fitted to nothing;
agreement is of answers that the threshold was not chosen on, five folds of whole groups.
"""

import argparse
import ast
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from harness_rag.calibrating import Figure, measure_figures
from harness_rag.judges import FAITHFULNESS, RELEVANCE, Answer
from harness_rag.tone import tone

RESAMPLES = 1_000


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """An answer, whether people call it good, and what it must not be split from."""

    given: Answer
    good: bool
    group: str


def lines(path: Path) -> Iterator[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def begin(data: Path) -> Iterator[Labelled]:
    for row in pq.read_table(data / "faith_begin/begin.parquet").to_pylist():
        given = Answer(answer=row["response"] or "", contexts=(row["knowledge"] or "",))
        yield Labelled(given=given, good=row["begin_label"] == "Fully attributable", group=row["knowledge"] or "")


def qags(data: Path) -> Iterator[Labelled]:
    for row in lines(data / "faith_qags/qags_xsum.jsonl.gz"):
        given = Answer(answer=row["response"], contexts=(row["source"],))
        yield Labelled(given=given, good=row["human_consistency"] == 1, group=str(row["doc_id"]))


def cliff_goyal(data: Path) -> Iterator[Labelled]:
    for name in ("CLIFF", "Goyal21"):
        for row in pq.read_table(data / f"faith_aggrefact_cliff_goyal/{name}.parquet").to_pylist():
            given = Answer(answer=row["summ"], contexts=(row["doc"],))
            yield Labelled(given=given, good="correct" in (row["error_type"] or ""), group=f"{name} {row['id']}")


def climate(data: Path) -> Iterator[Labelled]:
    for row in lines(data / "faith_climate_fever/climate_fever.jsonl.gz"):
        if row["claim_label"] != "DISPUTED":
            given = Answer(answer=row["claim"], contexts=tuple(each["evidence"] for each in row["evidences"]))
            yield Labelled(given=given, good=row["claim_label"] == "SUPPORTS", group=str(row["claim_id"]))


def scifact(data: Path) -> Iterator[Labelled]:
    for row in lines(data / "rag_scifact/pairs_train.jsonl.gz"):
        given = Answer(answer=row["claim"], contexts=(row["abstract"],))
        yield Labelled(given=given, good=row["label"] == "SUPPORT", group=str(row["claim_id"]))


def related(data: Path) -> Iterator[Labelled]:
    """Yield what SciFact supports, and what it says nothing of: contradictions left out."""
    kept = {row["claim_id"] for row in lines(data / "rag_scifact/pairs_train.jsonl.gz") if row["label"] != "CONTRADICT"}
    yield from (each for each in scifact(data) if int(each.group) in kept)


def relevant(data: Path, source: str = "", every: int = 1) -> Iterator[Labelled]:
    """Yield answers to each n-th question, bad where an expert marked a part as irrelevant."""
    rows = pq.read_table(data / "relevance_haluquestqa/haluquestqa.parquet").to_pylist()
    for number, row in enumerate(rows[::every]):
        marked = ast.literal_eval(row["irrelevance_label"] or "[]")
        for place in (1, 2):
            if row[f"ans{place}_label"].startswith(source):
                given = Answer(answer=row[f"ans{place}_text"], question=row["question_text"])
                yield Labelled(given=given, good=f"answer{place}" not in marked, group=str(number))


def on_topic(data: Path, every: int = 1) -> Iterator[Labelled]:
    """Yield model answers to their own question, and each to another: the one 7 further on."""
    found = list(relevant(data, "model", every))
    for number, each in enumerate(found):
        other = Answer(answer=each.given.answer, question=found[(number + 7) % len(found)].given.question)
        yield Labelled(given=each.given, good=True, group=str(number))
        yield Labelled(given=other, good=False, group=str(number))


def print_judges(title: str, found: Sequence[Labelled], judges: Sequence[str]) -> None:
    labels, groups = np.array([each.good for each in found]), [each.group for each in found]
    for name in judges:
        judge = {**FAITHFULNESS, "relevance": RELEVANCE}[name]
        scores = np.array([judge.score(each.given) for each in found])
        figures = measure_figures(scores, labels, groups)
        cells = " | ".join(text_of(figures[what]) for what in ("auroc", "agreement"))
        print(f"| {title} | {len(found)} ({labels.mean():.0%} good) | `{name}` | {cells} |", flush=True)


def text_of(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.lower:.3f} to {figure.upper:.3f})"


def print_tone(data: Path, name: str) -> None:
    rows = list(lines(data / f"tone_vader/{name}.jsonl.gz"))
    scores, people = np.array([tone(row["text"]) for row in rows]), np.array([row["mean_valence"] for row in rows])
    chance = np.random.default_rng(0)
    draws = (chance.integers(0, len(rows), len(rows)) for _ in range(RESAMPLES))
    low, high = np.quantile([correlate(scores[at], people[at]) for at in draws], [0.05, 0.95])
    print(f"| {name} | {len(rows)} | {correlate(scores, people):.3f} ({low:.3f} to {high:.3f}) |", flush=True)


def correlate(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.corrcoef(left, right)[0, 1])


def main() -> None:
    parser = argparse.ArgumentParser(description="How well judges of answers agree with people.")
    parser.add_argument("data", type=Path, help="The folder of the labelled sets.")
    parser.add_argument("--every", type=int, default=1, help="Of HaluQuestQA, judge each n-th question only.")
    given = parser.parse_args()
    data: Path = given.data
    for title, read in SETS.items():
        print_judges(title, list(read(data)), list(FAITHFULNESS))
    for title, source in {"all": "", "by people": "human", "by a model": "model"}.items():
        print_judges(f"HaluQuestQA, {title}", list(relevant(data, source, given.every)), ["relevance"])
    print_judges("HaluQuestQA, another's question", list(on_topic(data, given.every)), ["relevance"])
    for name in ("amazonReviewSnippets", "movieReviewSnippets"):
        print_tone(data, name)


SETS = {
    "BEGIN dev, dialogue": begin,
    "QAGS-XSum, news": qags,
    "CLIFF and Goyal, news": cliff_goyal,
    "climate-FEVER, claims": climate,
    "SciFact pairs, claims": scifact,
    "the same, no contradictions": related,
}

if __name__ == "__main__":
    main()
