"""Keys are made once and never written over; `verify` says who signed what, and refuses all else."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Command
from harness.files import digest_folder
from harness.records.ledger import Ledger
from harness.signing.envelopes import sign_statement
from harness.signing.keys import open_signer
from harness.signing.recording import record_statement
from harness.signing.statements import PROMOTION, WAIVER, Statement
from tests.support.signing import NOW, new_signers, signed, statement, trust_text, write_trust

SIGNERS = new_signers()


@pytest.fixture
def shipped(project: Path) -> Path:
    """Return a project with a model, its signed promotion and a trust file."""
    write_trust(project / "ci", SIGNERS)
    (project / "model").mkdir()
    (project / "model" / "weights.bin").write_bytes(b"weights")
    subjects = {"candidate": digest_folder(project / "model")}
    promoted = Statement(predicate_type=PROMOTION, subjects=subjects, predicate=statement().predicate)
    (project / "p.intoto.json").write_text(sign_statement(promoted, [SIGNERS["release"]]))
    return project


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_new_key_signs_and_only_its_owner_reads_it(project: Path, harness: Command, kind: str) -> None:
    done = harness("keys", "new", "keys/ci.key", "--kind", kind)

    again = harness("keys", "new", "keys/ci.key")
    shown = harness("keys", "show", "keys/ci.key.pub")

    id = open_signer(f"file:{project / 'keys' / 'ci.key'}", {}).public_key.keyid
    assert (0, 0o600) == (done.code, (project / "keys" / "ci.key").stat().st_mode & 0o777)
    assert (4, True) == (again.code, "no key is written over another" in again.err)
    assert id in done.out
    assert id in shown.out
    assert "nobody's" in shown.out


def test_show_says_whose_a_key_is(shipped: Path, harness: Command) -> None:
    shown = harness("keys", "show", f"file:{shipped / 'ci' / 'ann.key'}")

    assert "of ann, who signs as waiver, override, risk" in shown.out


def test_verify_says_who_signed_what(shipped: Path, harness: Command) -> None:
    done = harness("verify", "p.intoto.json", "--stage", "production", "--model", "model")

    assert (0, "") == (done.code, done.err)
    assert "promotion for project demo, stage production" in done.out
    assert "by release as promoter, 2026-11-26 12:00 UTC" in done.out
    assert "model is the candidate that was signed" in done.out


@pytest.mark.parametrize("change", ["edited", "added", "hidden", "linked"])
def test_a_model_that_changed_is_refused(shipped: Path, harness: Command, change: str) -> None:
    model = shipped / "model"
    if change == "edited":
        (model / "weights.bin").write_bytes(b"weightz")
    elif change == "linked":
        (model / "more.bin").symlink_to(shipped / "p.intoto.json")
    else:
        hidden = model / (".git" if change == "hidden" else "more")
        hidden.mkdir()
        (hidden / "config").write_text("x")

    done = harness("verify", "p.intoto.json", "--model", "model")

    assert (3 if change == "linked" else 1) == done.code
    assert "VERIFIED" not in done.out


def test_a_service_verifies_with_what_ships_with_it(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No ledger, no project, no other clock than one that is years behind."""
    alone = tmp_path_factory.mktemp("service")
    for name in ("p.intoto.json", "ci/trust.yaml", "model"):
        os.rename(shipped / name, alone / Path(name).name)
    code = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise OSError('no network here')\n"
        "socket.socket.connect = refuse\n"
        "from harness.cli import main\n"
        "main(sys.argv[1:])"
    )
    arguments = ["verify", "p.intoto.json", "--trust", "trust.yaml", "--project", "demo", "--model", "model"]

    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=alone, capture_output=True, text=True)

    assert (0, True) == (done.returncode, "VERIFIED" in done.stdout), done.stderr
    assert not (alone / ".harness").exists()


def test_verify_without_a_project_asks_for_one(shipped: Path, harness: Command) -> None:
    done = harness("verify", "p.intoto.json", "--trust", "ci/trust.yaml")

    assert (4, True) == (done.code, "--project NAME" in done.err)


def test_verify_without_a_trust_file_says_how_to_have_one(shipped: Path, harness: Command) -> None:
    (shipped / "ci" / "trust.yaml").unlink()

    done = harness("verify", "p.intoto.json")

    assert (4, True) == (done.code, "docs/signing.md" in done.err)


def test_an_expired_waiver_and_a_foreign_statement_are_refused_by_command(shipped: Path, harness: Command) -> None:
    (shipped / "w.json").write_text(signed(SIGNERS["ann"], WAIVER, expires="2026-11-26T13:00:00+00:00"))
    (shipped / "f.json").write_text(signed(SIGNERS["ci"]))

    refused = [harness("verify", "w.json", "--type", "waiver"), harness("verify", "f.json")]
    refused += [
        harness("verify", "p.intoto.json", "--type", "waiver"),
        harness("verify", "p.intoto.json", "--stage", "x"),
    ]

    assert [1, 1, 1, 1] == [each.code for each in refused]
    assert "does not name as 'promoter'" in refused[1].out


def test_verify_as_json(shipped: Path, harness: Command) -> None:
    good = json.loads(harness("verify", "p.intoto.json", "--json").out)
    bad = json.loads(harness("verify", "p.intoto.json", "--stage", "x", "--json").out)

    assert (True, ["release"], "promotion") == (good["verified"], good["persons"], good["type"])
    assert (False, True) == (bad["verified"], "asked for was 'x'" in bad["reason"])


def test_no_changed_envelope_of_50_is_accepted_by_command(shipped: Path, harness: Command) -> None:
    chance = random.Random(11)
    content = (shipped / "p.intoto.json").read_bytes()

    accepted = []
    for number in range(50):
        place = chance.randrange(len(content))
        changed = bytearray(content)
        changed[place] ^= 1 << chance.randrange(8)
        (shipped / "p.intoto.json").write_bytes(bytes(changed))
        if harness("verify", "p.intoto.json", "--model", "model").code != 1:
            accepted.append(number)

    assert [] == accepted


def test_revoking_lists_by_the_ledgers_order_and_what_is_printed_is_a_trust_file(
    shipped: Path, harness: Command
) -> None:
    book = Ledger(f"sqlite:///{shipped / '.harness' / 'ledger.db'}", "demo")
    early, backdated = statement(), statement(reason="x", issued=NOW.replace(year=2020).isoformat())
    record_statement(book, sign_statement(early, [SIGNERS["release"]]))
    since = book.entries()[0].recorded.replace("+00:00", "Z")
    moment = book.entries()[0].recorded

    listed_all = harness("keys", "revoke", "release", "--since", since)
    record_statement(book, sign_statement(backdated, [SIGNERS["release"]]))
    later = book.entries()[1].recorded
    done = harness("keys", "revoke", "release", "--since", later)

    assert early.digest in listed_all.out.split("stand:")[0]
    assert "not trusted any more: promotion production" in done.out
    assert backdated.digest in done.out.split("stand:")[0]
    assert moment < later
    written = done.out.splitlines()[-1].strip().removeprefix("revoked: ")
    (shipped / "ci" / "trust.yaml").write_text(trust_text(SIGNERS, {"release": written}))
    (shipped / "early.json").write_text(sign_statement(early, [SIGNERS["release"]]))
    (shipped / "late.json").write_text(sign_statement(backdated, [SIGNERS["release"]]))
    assert [0, 1] == [harness("verify", name).code for name in ("early.json", "late.json")]
