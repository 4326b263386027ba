"""Sixty who promote at once, on Postgres: all judged against one champion, of whom exactly one takes its place."""

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from conftest import Command
from harness.cli import main
from harness.files import write_atomic
from tests.support.databases import FOUND, postgres_cluster
from tests.support.promotions import Shop, open_shop

TIMES = 60


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    if not FOUND:
        pytest.skip("no PostgreSQL here; install postgresql")
    with postgres_cluster() as url:
        yield url.replace("postgresql:", "postgresql+psycopg:")


@pytest.fixture
def shop(project: Path, harness: Command, postgres: str) -> Shop:
    return open_shop(project, harness, postgres)


def promote_in_process(shop: Shop, model: str) -> None:
    """Promote in a process of its own, whose output goes to a file."""
    with (shop.folder / f"{model}.out").open("w") as out, redirect_stdout(out), redirect_stderr(out):
        main(["promote", "production", "--candidate", model, *map(str, shop.sign("release"))])


@pytest.mark.heavy
def test_of_sixty_judged_against_one_champion_exactly_one_moves(shop: Shop) -> None:
    write_atomic(shop.pointer, json.dumps({"revision": "m1", "digest": shop.digest("m1")}))
    models = [f"c{number:02}" for number in range(TIMES)]
    for number, model in enumerate(models):
        shop.judge(model, "m1", day=number)
    fork = multiprocessing.get_context("fork")
    processes = {model: fork.Process(target=promote_in_process, args=(shop, model)) for model in models}

    for process in processes.values():
        process.start()
    for process in processes.values():
        process.join(1200)

    said = {model: (shop.folder / f"{model}.out").read_text() for model in models}
    moved = [model for model, process in processes.items() if process.exitcode == 0]
    assert 1 == len(moved), said
    assert moved == [shop.promoted]
    for model in set(models) - set(moved):
        assert processes[model].exitcode == 3, said[model]
        assert "nothing was moved" in said[model]
        assert f"promotion of {moved[0]}" in said[model]
        assert "by release on" in said[model]
        assert "then promote" in said[model]
    assert 1 == len(shop.statements)
    assert 0 == shop.audit("--since", "2999-01-01").code
