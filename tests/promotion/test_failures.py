"""Whatever fails around a promotion or a rollback: a clear refusal, nothing moved, and the way out in the message."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from securesystemslib.signer import CryptoSigner, Signer

from conftest import Command
from harness.files import write_atomic
from harness.records.ledger import Ledger
from harness.signing.envelopes import open_envelope, sign_statement
from harness.signing.keys import new_signer, open_signer, private_pem
from harness.signing.recording import record_statement
from harness.signing.runs import record_signature, sign_run, statements_of
from harness.signing.statements import OVERRIDE, PROMOTION, RUN, Statement
from tests.support.promotions import Shop, commit, open_shop

BASE: dict[str, Path] = {}  # a project in which m2 is promoted and m3 may be, made once in a process


@pytest.fixture
def shop(project: Path, harness: Command, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A project in which m2 is promoted, instead of m1, and m3 may be."""
    if "shop" not in BASE:
        made = open_shop(project, harness)
        write_atomic(made.pointer, json.dumps({"revision": "m1", "digest": made.digest("m1")}))
        made.judge("m2", "m1")
        assert made.promote("m2").code == 0
        made.judge("m3", "m2")
        BASE["shop"] = Path(shutil.copytree(project, tmp_path_factory.mktemp("base") / "shop"))
    shutil.copytree(BASE["shop"], project, dirs_exist_ok=True)
    return Shop(folder=project, harness=harness)


def book(shop: Shop) -> Ledger:
    return Ledger(f"sqlite:///{shop.ledger}", "demo")


def signer(shop: Shop, person: str) -> Signer:
    return open_signer(f"file:{shop.folder / 'keys' / person}.key", {})


def written_promotion(shop: Shop) -> tuple[str, Statement]:
    """Return the envelope and the statement of the promotion of m2."""
    (file,) = (shop.folder / ".harness" / "promotions").glob("*.intoto.json")
    _, statement = open_envelope(file.read_text())
    return file.read_text(), statement


def restate(found: Statement, by: Signer, kind: str = PROMOTION, **changed: object) -> str:
    """Return the statement with other fields in its predicate, signed by somebody."""
    predicate = {**found.predicate, **changed}
    return sign_statement(Statement(predicate_type=kind, subjects=found.subjects, predicate=predicate), [by])


def refuses_all(shop: Shop, part: str, promoted: str = "m2") -> None:
    """Hold that neither promote nor rollback moves anything or leaves a statement, and that both say something."""
    before = sorted((shop.folder / ".harness").rglob("*.intoto.json"))
    for done in (shop.promote("m3"), shop.rollback()):
        assert done.code in (3, 4), done
        assert (promoted, True) == (shop.promoted, part in done.err), (part, done)
    assert before == sorted((shop.folder / ".harness").rglob("*.intoto.json"))


def goes_on(shop: Shop) -> None:
    """Hold that the next promotion moves, and that all is explained then."""
    done = shop.promote("m3")
    assert (0, "m3") == (done.code, shop.promoted), done
    assert 0 == shop.audit().code


# Statements that somebody who can write to the ledger put there.


@pytest.mark.parametrize("kind", ["truncated", "re-used", "another document"])
def test_a_ledger_with_a_statement_that_is_none_is_refused_until_a_backup_is_rejoined(shop: Shop, kind: str) -> None:
    backup = shutil.copy(shop.ledger, shop.folder / ".harness" / "backup.db")
    text, _ = written_promotion(shop)
    body = {"truncated": text[:-60], "re-used": text, "another document": "{}"}[kind]
    about = {"gate": "production", "revision": "m3", "candidate": shop.digest("m3")}
    book(shop).record("promotion", "sha256:" + "e" * 64, body, **about)

    refuses_all(shop, "bring back the ledger as it was before, then `harness audit --rejoin` puts back what came since")

    shutil.copy(backup, shop.ledger)
    assert 0 == shop.audit("--rejoin", *shop.sign("release")).code
    goes_on(shop)


def test_the_same_statement_stands_in_a_ledger_once(shop: Shop) -> None:
    text, _ = written_promotion(shop)

    with pytest.raises(Exception, match="is already recorded"):
        record_statement(book(shop), text, revision="m2", candidate=shop.digest("m2"))


@pytest.mark.parametrize("kind", ["unknown key", "foreign project", "foreign stage", "without the role"])
def test_a_promotion_that_nobody_trusted_signed_explains_no_move_and_is_not_gone_on_with(shop: Shop, kind: str) -> None:
    """It names the promoted one, and nobody ended it: what a process that was killed would leave."""
    _, found = written_promotion(shop)
    release, later = signer(shop, "release"), {"issued": datetime.now(UTC).isoformat()}
    text = {
        "unknown key": lambda: restate(found, new_signer(), **later),
        "foreign project": lambda: restate(found, release, project="other", **later),
        "foreign stage": lambda: restate(found, release, stage="staging", **later),
        "without the role": lambda: restate(found, signer(shop, "bob"), kind=OVERRIDE, reason="x", **later),
    }[kind]()
    record_statement(book(shop), text, gate="production", revision="m2", candidate=shop.digest("m2"))

    back = shop.rollback()

    assert (0, "m1") == (back.code, shop.promoted), back
    assert "had moved nothing" in back.err
    assert "passed over" in back.err
    assert "promoted by: it stood there before the first one" in back.out


# Statements of runs.


def test_an_exported_run_whose_statement_was_cut_is_refused_and_signed_anew(shop: Shop) -> None:
    table = ("--param", "candidate=m3.parquet")
    shop.harness("run", shop.folder / "s.suite.yaml", *table, *shop.sign("ci"), "--no-record", "--out", ".harness/out")
    (file,) = (shop.folder / ".harness" / "out").rglob("run.intoto.json")
    file.write_text(file.read_text()[:-60])

    refused = shop.harness("gate", "production", "--run", ".harness/out")

    assert (3, True) == (refused.code, "holds no signed statement" in refused.err), refused
    assert "`harness runs sign` writes it anew" in refused.err
    shop.harness("runs", "sign", ".harness/out", *shop.sign("ci"))
    assert 0 == shop.harness("gate", "production", "--run", ".harness/out").code


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("re-used", "the run-statement is not about"),
        ("unknown key", "which is not in trust.yaml"),
        ("foreign", "is of project 'other'"),
        ("a clock an hour ahead", "a clock is wrong here or where it was signed; set it"),
    ],
)
def test_a_run_that_no_statement_vouches_for_promotes_nothing(shop: Shop, kind: str, found: str) -> None:
    pq.write_table(pq.read_table(shop.folder / "m3.parquet").slice(0, 300), shop.folder / "fewer.parquet")
    shop.harness("run", "s.suite.yaml", "--param", "candidate=fewer.parquet")  # unsigned, and the newest of m3
    ledger = book(shop)
    run, ci, now = ledger.runs()[-1], signer(shop, "ci"), datetime.now(UTC)
    _, of_m2 = open_envelope(statements_of(ledger.runs()[0], ledger, ledger.entries())[0])
    _, said = open_envelope(sign_run(run, ci, now, ledger.entries()))
    text = {
        "re-used": lambda: restate(of_m2, ci, RUN, issued=now.isoformat()),
        "unknown key": lambda: sign_run(run, new_signer(), now, ledger.entries()),
        "foreign": lambda: restate(said, ci, RUN, project="other"),
        "a clock an hour ahead": lambda: sign_run(run, ci, now + timedelta(hours=1), ledger.entries()),
    }[kind]()
    record_signature(ledger, run, text)

    done = shop.promote("m3")

    assert (3, "m2", True) == (done.code, shop.promoted, found in done.out), done
    assert "run the suite with --signer, by a key that trust.yaml names as `runner`" in done.out


# Keys.


def test_a_key_that_nobody_knows_or_that_is_none_moves_nothing(shop: Shop) -> None:
    (shop.folder / "keys" / "stranger.key").write_bytes(private_pem(CryptoSigner.generate_ed25519()))
    (shop.folder / "keys" / "cut.key").write_bytes((shop.folder / "keys" / "release.key").read_bytes()[:60])

    for person, part in (
        ("stranger", "which is not in trust.yaml; add the key"),
        ("cut", "is no private key"),
        ("nowhere", "cannot be read"),
    ):
        for done in (shop.promote("m3", signer=person), shop.rollback(signer=person)):
            assert (True, "m2") == (done.code in (3, 4), shop.promoted), done
            assert part in done.err, done
    goes_on(shop)


# What does not answer.


REGISTRY = '''"""A registry that is down while there is a file `down`, and goes down after a move where `falls` is."""
import json
from pathlib import Path
from typing import Any
from harness import Identity, hookimpl

class Far:
    def current(self, config):
        found = self.read_back(config)
        return found.revision if found else None
    def move(self, config, identity):
        self.ask()
        Path(config["path"]).write_text(json.dumps({"revision": identity.revision, "digest": identity.digest}))
        if Path("falls").exists():
            Path("falls").rename("down")
    def read_back(self, config):
        self.ask()
        return Identity(**json.loads(Path(config["path"]).read_text()))
    def keep_proof(self, config, identity, proof):
        if Path("full").exists():
            raise OSError("[Errno 28] No space left on device")
        Path("kept").write_text(f"{proof.project} {proof.stage} {proof.kind} {identity.revision} {proof.envelope}")
    def ask(self):
        if Path("down").exists():
            raise ConnectionRefusedError("[Errno 111] Connection refused")

@hookimpl
def harness_promoters():
    return {"far": Far()}
'''


@pytest.fixture
def far(shop: Shop) -> Shop:
    """The same project, whose registry is another that says the same."""
    write_atomic(shop.folder / "far.py", REGISTRY)
    settings = shop.folder / "pyproject.toml"
    write_atomic(settings, settings.read_text() + 'plugins = ["far"]\n')
    gates = shop.folder / "ci" / "gates.yaml"
    write_atomic(
        gates,
        gates.read_text().replace(
            "{file: {path: ../champion.json, files: ../models}}", "{far: {path: ../champion.json}}"
        ),
    )
    write_atomic(shop.folder / ".gitignore", (shop.folder / ".gitignore").read_text() + "down\nfalls\nfull\nkept\n")
    commit(shop.folder)
    return shop


def promoted(shop: Shop) -> Mapping[str, Any]:
    """Return what `harness audit --json` says of the only stage."""
    (found,) = json.loads(shop.audit("--json").out)
    assert isinstance(found, dict)
    return found


def test_a_registry_that_is_down_moves_nothing(far: Shop) -> None:
    (far.folder / "down").touch()

    refuses_all(far, "registry far cannot say who is promoted: ConnectionRefusedError")
    refuses_all(far, "see that it answers, then try again")
    assert (1, True) == ((found := far.audit()).code, "nobody can say now who is promoted" in found.out)
    by_the_record = promoted(far)
    assert ("m2", "") == (by_the_record["promoted"]["revision"], by_the_record["unknown"])
    assert "nobody can say now who is promoted" in by_the_record["findings"][0]

    (far.folder / "down").unlink()
    goes_on(far)


def test_a_registry_that_goes_down_while_it_moves_is_asked_by_the_next_command(far: Shop) -> None:
    (far.folder / "falls").touch()

    done = far.promote("m3")

    assert 3 == done.code
    assert "whether it moved is not known: the next promote or rollback of production finds out" in done.err
    assert (None, True) == ((says := promoted(far))["promoted"], "registry far cannot say" in says["unknown"])
    (far.folder / "down").unlink()
    assert "m3" == promoted(far)["promoted"]["revision"]
    assert (1, True) == ((found := far.audit()).code, "is not recorded" in found.out)
    again = far.promote("m3")
    assert (0, "m3", True) == (again.code, far.promoted, "had moved and was not recorded; it is now" in again.err), (
        again
    )
    assert 0 == far.audit().code


def test_a_registry_that_keeps_no_statement_is_told_and_gets_it_by_the_same_command(far: Shop) -> None:
    (far.folder / "full").touch()

    done = far.promote("m3")

    assert (0, "m3") == (done.code, far.promoted), done.err
    assert "registry far did not keep the statement: OSError: [Errno 28] No space left on device" in done.err
    (far.folder / "full").unlink()
    again = far.promote("m3")
    assert (0, True) == (again.code, "UNCHANGED  m3" in again.out)
    assert (far.folder / "kept").read_text().startswith('demo production promotion m3 {"payload')
    far.rollback("--reason", "worse than it was")
    assert (far.folder / "kept").read_text().startswith("demo production rollback m2 {")


def test_a_ledger_that_does_not_answer_moves_nothing(shop: Shop) -> None:
    gates = shop.folder / "ci" / "gates.yaml"
    write_atomic(
        gates, gates.read_text().replace("sqlite:///ledger.db", "postgresql+psycopg://ledger:secret@127.0.0.1:1/x")
    )
    commit(shop.folder)

    refuses_all(shop, "give a SQLAlchemy URL of one that answers")
    assert "secret" not in shop.rollback().err


def test_a_ledger_that_is_cut_off_moves_nothing_until_a_backup_is_rejoined(shop: Shop) -> None:
    backup = shutil.copy(shop.ledger, shop.folder / ".harness" / "backup.db")
    with shop.ledger.open("r+b") as file:
        file.truncate(shop.ledger.stat().st_size // 2)

    refuses_all(shop, "bring back a backup (docs/signing.md)")

    shutil.copy(backup, shop.ledger)
    goes_on(shop)


# Disks.


@contextmanager
def full_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """Lay a small disk under a folder, keep what it holds, and fill it; give what makes room again."""
    kept = shutil.copytree(folder, folder.with_name(f"{folder.name}-kept"))
    size = sum(file.stat().st_size for file in kept.rglob("*") if file.is_file()) + (1 << 18)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here, as this takes root; run as root")
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        ballast = folder / "ballast"
        _fill(ballast)
        yield ballast.unlink
    finally:
        os.chdir("/")
        subprocess.run(["umount", "-l", folder], check=True)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"x" * 4096)
        except OSError:
            pass


@pytest.mark.parametrize("place", ["statements", "ledger", "evidence", "pointer"])
def test_a_full_disk_moves_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    folder = shop.folder / ".harness" / {"statements": "promotions", "evidence": "evidence"}.get(place, place)
    folder.mkdir(exist_ok=True)
    gates = shop.folder / "ci" / "gates.yaml"
    if place == "ledger":
        shutil.move(shop.ledger, folder / "ledger.db")
        write_atomic(gates, gates.read_text().replace("sqlite:///ledger.db", "sqlite:///.harness/ledger/ledger.db"))
    if place == "pointer":
        shutil.move(shop.pointer, folder / "champion.json")
        write_atomic(gates, gates.read_text().replace("../champion.json", "../.harness/pointer/champion.json"))
        (shop.folder / "champion.json").symlink_to(folder / "champion.json")
    if place in ("ledger", "pointer"):
        commit(shop.folder)

    with full_disk(folder) as make_room:
        for done in (shop.promote("m3"), shop.rollback()):
            assert (3, "m2") == (done.code, shop.promoted), done
            assert any(word in done.err for word in ("No space left", "disk is full", "disk I/O error")), done
            assert any(word in done.err for word in ("room", "name a file that can be written")), done
        make_room()
        assert "no promotion explains it" not in shop.audit().out
        goes_on(shop)


def test_a_promotion_beside_the_evidence_is_what_was_signed(shop: Shop) -> None:
    text, statement = written_promotion(shop)
    anchors = shop.folder / ".harness" / "evidence" / "anchors"

    kept = [file for file in anchors.rglob("*.intoto.json") if file.read_text() == text]

    assert 1 == len(kept)
    payload = json.loads(base64.b64decode(json.loads(kept[0].read_text())["payload"]))
    assert payload["predicate"]["ledger"]["length"] == statement.predicate["ledger"]["length"] > 0
