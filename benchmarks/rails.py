"""Prints what the chain of rails costs a request, beside the sum of its detectors asked alone of the same texts.

python benchmarks/rails.py [QUESTIONS]: a minute. Ratios are of processor time, which other load hardly moves; p50 and
p99 are of the clock, so they want a machine that does nothing else. NeMo publishes 12 and 27 ms for its engine alone.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import quantiles

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # on busy cores its threads wait for each other

import pyarrow.parquet as pq
from rag_target.handbook import Handbook
from rag_target.index import build_index
from rag_target.opening import open_guarded
from rag_target.parrot import Parrot
from rag_target.passages import read_passages
from rag_target.rails.engines import open_engine
from rag_target.rails.own import open_rails
from rag_target.rails.policy import Policy
from rag_target.rails.stages import Engine, Exchange, Rail, Stage

QUESTIONS = Path(__file__).parents[1] / "suites" / "handbook" / "questions.parquet"
STAGES: Sequence[Stage] = ("input", "retrieval", "output")
CANARY = "Kestrel-7741-Lagoon"


def spend(work: Callable[[], object]) -> tuple[float, float]:
    """Return the milliseconds of processor and of the clock that work takes."""
    began, started = time.process_time(), time.perf_counter()
    work()
    return (time.process_time() - began) * 1000, (time.perf_counter() - started) * 1000


def ask_chain(engine: Engine, exchange: Exchange) -> None:
    """Run all stages of a request that no rail holds back."""
    for stage in STAGES:
        engine.run(stage, exchange)


def ask_alone(rails: Sequence[Rail], exchange: Exchange) -> None:
    """Ask each rail's detector of the texts that it looks at."""
    for rail in rails:
        rail.flags(exchange)


def exchanges(book: Handbook, questions: Sequence[str], rails: Sequence[Rail]) -> Sequence[Exchange]:
    """Return what is asked, found and answered, of the requests that no rail holds back."""
    made = [Exchange(turns=[each], hits=book.search(each), answer=book.ask(each).text) for each in questions]
    return [each for each in made if not any(any(rail.flags(each)) for rail in rails if rail.stage != "retrieval")]


def main(count: int) -> None:
    """Print the ratios, and what a request takes."""
    index = build_index(read_passages(), "bm25")
    book, policy = Handbook(index=index, generator=Parrot(), k=2), Policy(canaries=[CANARY], seconds=60)
    rails = open_rails(policy, index)
    rows = pq.read_table(QUESTIONS).to_pylist()
    asked = exchanges(book, [row["question"] for row in rows if row["answerable"]][:count], rails)
    engines = {name: open_engine(name, rails) for name in ("plain", "nemo")}
    ways: Mapping[str, Callable[[Exchange], object]] = {
        "detectors alone": lambda each: ask_alone(rails, each),
        **{name: lambda each, engine=engine: ask_chain(engine, each) for name, engine in engines.items()},  # type: ignore[misc]
    }
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for each in asked:
        for name, way in ways.items():
            spent[name].append(spend(lambda way=way, each=each: way(each)))  # type: ignore[misc]
    alone = sum(processor for processor, _ in spent["detectors alone"])
    for name, times in spent.items():
        processor, clock = sum(each for each, _ in times), quantiles([each for _, each in times], n=100)
        print(
            f"{name:<16} {processor / alone:.3f} times the processor, {processor / len(times):.2f} ms a request; "
            f"by the clock p50 {clock[49]:.1f} ms, p99 {clock[98]:.1f} ms ({len(times)} requests)"
        )
    guarded = {name: open_guarded(book, policy.model_copy(update={"engine": name})) for name in engines}
    for name, app in guarded.items():
        app.prove()
        clock = quantiles([app.ask(each.question).seconds.rails * 1000 for each in asked], n=100)
        print(f"{name}, as the app asks it: rails add p50 {clock[49]:.1f} ms, p99 {clock[98]:.1f} ms")


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 250)
