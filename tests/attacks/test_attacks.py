"""Attempts to bring a bad candidate past the gate: none may succeed, and the gate says why."""

import shutil
from pathlib import Path

import pytest

from conftest import ROOT, Command
from tests.attacks import forged, shadowed, tried, vouched, weakened
from tests.attacks.shop import BAD, GATES, GOOD, SUITE, Attack, Shop

CORPUS = [*forged.CORPUS, *weakened.CORPUS, *shadowed.CORPUS, *tried.CORPUS, *vouched.CORPUS]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the project after its candidate failed is kept."""
    return tmp_path_factory.mktemp("attacked") / "project"


@pytest.fixture
def empty(project: Path, harness: Command, installed: Command) -> Shop:
    """Return a project in which nothing was run."""
    shop = Shop(folder=project, harness=harness, installed=installed)
    shop.suite.write_text(SUITE)
    (project / "ci").mkdir()
    (project / "ci" / "gates.yaml").write_text(GATES)
    return shop


@pytest.fixture
def failed(empty: Shop, kept: Path) -> Shop:
    """Return a project whose candidate failed."""
    if kept.is_dir():
        shutil.copytree(kept, empty.folder, dirs_exist_ok=True)
        return empty
    empty.write_rows(BAD)
    assert 1 == empty.run().code
    shutil.copytree(empty.folder, kept)
    return empty


def test_a_good_candidate_passes_the_gate_that_is_attacked(empty: Shop) -> None:
    empty.write_rows(GOOD)
    empty.run()

    assert 0 == empty.gate().code


def test_the_candidate_of_the_attacks_fails(failed: Shop) -> None:
    assert 1 == failed.gate().code


@pytest.mark.parametrize("attack", CORPUS, ids=lambda attack: attack.name)
def test_no_attack_gets_past_the_gate(failed: Shop, attack: Attack) -> None:
    done = attack.perform(failed) or failed.gate()

    assert done.code in (1, 2, 3, 4), done.out
    assert attack.answer in done.out + done.err


def test_the_page_on_security_counts_the_attacks_and_bounds_their_share() -> None:
    page = (ROOT / "docs" / "security.md").read_text()

    assert len({attack.name for attack in CORPUS}) == len(CORPUS)
    assert f"holds {len(CORPUS)} attempts" in page
    assert f"(0 of {len(CORPUS)}; with 95 % confidence at most {100 * (1 - 0.05 ** (1 / len(CORPUS))):.1f} %" in page
