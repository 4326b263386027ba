"""A ledger of the first release holds for ever: these files stand for what was shipped; never write them again."""

import shutil
from pathlib import Path

import pytest

from conftest import Command
from harness.files import write_atomic
from harness.promotion.moves import read_moves
from harness.records.ledger import Ledger
from harness.signing.keys import new_signer, private_pem, public_pem
from tests.support.promotions import Shop, commit

KEPT = Path(__file__).parent / "kept"
HEAD = "sha256:c353fc152cfee5d4c5938d6355ed2662f9785b3fe176c36e24ed5394e370964a"
MOVED = [
    ("promotion", "m2"),
    ("promotion", "m3"),
    ("promotion", "m4"),
    ("rollback", "m3"),
    ("override", "m5"),
    ("rollback", "m3"),
]


@pytest.fixture
def kept(project: Path, harness: Command) -> Shop:
    """The project of the first release, as it was left: m3 is promoted, after m4 and m5 were rolled back."""
    shutil.copytree(KEPT, project, dirs_exist_ok=True)
    (project / ".harness").mkdir()
    (project / "evidence").rename(project / ".harness" / "evidence")
    return Shop(folder=project, harness=harness)


def test_a_ledger_of_the_first_release_is_whole_and_every_move_in_it_is_explained(kept: Shop) -> None:
    book = Ledger(f"sqlite:///{kept.ledger}", "demo")
    entries = book.entries()

    done = kept.audit()

    assert (0, HEAD) == (done.code, entries[-1].entry_digest), done
    assert "every move of 1 stage is explained" in done.out
    assert MOVED == [(move.kind, move.candidate.revision) for move in read_moves(book, entries)]
    assert 4 == len(book.runs())
    assert ["pass", "pass", "pass", "fail"] == [run.outcome for run in book.runs()]
    assert 5 == len(book.decisions())


@pytest.mark.parametrize("file", sorted((KEPT / "promotions").iterdir()), ids=lambda file: file.name[:24])
def test_a_statement_of_the_first_release_is_verified_by_command(kept: Shop, file: Path) -> None:
    kind = file.name.split("-")[1]
    model = () if kind != "promotion" else ("--stage", "production")

    done = kept.harness("verify", kept.folder / "promotions" / file.name, "--type", kind, *model)

    assert (0, True) == (done.code, f"by {'ann' if kind == 'override' else 'release'} as" in done.out), done


def test_a_ledger_of_the_first_release_is_gone_on_with_by_a_new_key(kept: Shop) -> None:
    signer = new_signer()
    pem = public_pem(signer).strip().replace("\n", "\n          ")
    trust = kept.folder / "ci" / "trust.yaml"
    text = trust.read_text().replace("roles:", f"  new:\n    keys:\n      - public: |\n          {pem}\nroles:")
    write_atomic(trust, text.replace("promoter: [release]", "promoter: [release, new]"))
    write_atomic(kept.folder / "keys" / "new.key", private_pem(signer))
    commit(kept.folder)

    back = kept.rollback(signer="new")

    assert (0, "m2") == (back.code, kept.promoted), back
    assert 0 == kept.audit().code


def test_a_ledger_of_the_first_release_that_lost_entries_is_refused(kept: Shop) -> None:
    shutil.rmtree(kept.folder / "promotions")
    kept.ledger.unlink()

    found = kept.audit()

    assert (1, True) == (found.code, "the ledger has lost its newest 23 entries" in found.out), found
