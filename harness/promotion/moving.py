"""Moves a stage to whom a recorded statement names, and ends what another process left half done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.plugins.promoters import Proof
from harness.promotion.moves import Move, begin_move, end_move
from harness.promotion.stages import Stage
from harness.promotion.standing import last_moved, list_open
from harness.records.locks import StillLocked
from harness.signing.statements import Statement
from harness.signing.verifying import Untrusted
from harness.values.identity import Identity, short_identity


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A statement that was signed, and the text of its envelope."""

    statement: Statement
    text: str
    candidate: Identity


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A move that another process began and did not end, whether it had moved, and both in words."""

    move: Move
    had_moved: bool

    def __str__(self) -> str:
        what = "had moved and was not recorded; it is now" if self.had_moved else "had moved nothing; it is recorded so"
        return f"a {self.move.kind} to {short_identity(self.move.candidate)} was begun, {what}"


def finish_open(stage: Stage) -> Iterator[Finished]:
    """End each move that another process began and did not end, by what the registries say."""
    for move in list_open(stage.moves(stage.entries())):
        found = [registry.read_back() for registry in stage.registries]
        there = [who is not None and who.key == move.candidate.key for who in found]
        if not any(there) or not _is_trusted(stage, move):
            _end_unmoved(stage, move, "its process ended before it moved")
            yield Finished(move=move, had_moved=False)
            continue
        for registry, is_there in zip(stage.registries, there, strict=True):
            if not is_there:
                registry.move(move.candidate)
        end_move(stage.ledger, move, "moved", "its process ended before it was recorded")
        yield Finished(move=move, had_moved=True)


def move_stage(stage: Stage, signed: Signed, still_locked: StillLocked) -> Path:
    """Record a statement, move, read back, and record that it moved; return the statement's file.

    HarnessError if a registry refuses or holds something else: nothing moved then, or the message says what is known.
    """
    known = {move.id for move in stage.moves(stage.entries())}
    path = stage.write(signed.statement, signed.text)
    try:
        id = begin_move(stage.ledger, signed.text, signed.candidate)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    moves = stage.moves(stage.entries())
    move = next(each for each in moves if each.id == id)
    try:
        _refuse_rivals([each for each in moves if each.id not in known and each.id != id])
        stage.keep(move)
        still_locked()
        _move_registries(stage, move)
    except HarnessError as error:
        raise _end_refused(stage, move, path, error) from error
    _record_moved(stage, move)
    return path


def keep_proof(stage: Stage) -> Iterator[str]:
    """Keep in each registry the statement by which a stage moved last; yield in words what one did not take."""
    last = last_moved(stage.moves(stage.entries()))
    if last is None:
        return
    proof = Proof(project=stage.project, stage=stage.name, kind=last.kind, digest=last.id, envelope=last.envelope)
    for registry in stage.registries:
        try:
            registry.keep_proof(last.candidate, proof)
        except HarnessError as error:
            yield f"{error}; it is promoted all the same, and promoting it again keeps the statement"


def _is_trusted(stage: Stage, move: Move) -> bool:
    """Tell whether somebody whom the project trusts began a move: what a stranger recorded is not gone on with."""
    try:
        stage.verify(move.envelope, move.predicate_type)
    except Untrusted:
        return False
    return True


def _end_unmoved(stage: Stage, move: Move, note: str) -> None:
    """Record that a statement moved nothing, and keep it no longer beside the evidence."""
    end_move(stage.ledger, move, "not moved", note)
    stage.forget(move)


def _refuse_rivals(rivals: Sequence[Move]) -> None:
    """Refuse to move beside somebody whom the lock did not keep out, as on a machine that shares only the ledger."""
    if rivals:
        who = short_identity(rivals[0].candidate)
        raise HarnessError(f"a {rivals[0].kind} of {who} was begun at the same time, which the ledger has first")


def _move_registries(stage: Stage, move: Move) -> None:
    for registry in stage.registries:
        registry.move(move.candidate)
        found = registry.read_back()
        if found is None or found.key != move.candidate.key:
            held = short_identity(found) if found else "nobody"
            raise HarnessError(f"registry {registry.name} was moved to {move.candidate.revision} and reads back {held}")


def _end_refused(stage: Stage, move: Move, path: Path, error: HarnessError) -> HarnessError:
    """Return what to say of a move that did not go through, after recording that nothing moved, if that is so."""
    try:
        served = stage.served()
        if served is None or served.key != move.candidate.key:
            _end_unmoved(stage, move, str(error))
            path.unlink(missing_ok=True)
            return type(error)(f"nothing was moved: {error}")
    except HarnessError:
        pass
    then = f"the next promote or rollback of {stage.name} finds out"
    return type(error)(f"{error}; whether it moved is not known: {then}, and `harness audit` says what is promoted")


def _record_moved(stage: Stage, move: Move) -> None:
    try:
        end_move(stage.ledger, move, "moved")
    except HarnessError as error:
        message = f"{move.candidate.revision} is promoted, but that is not recorded: {error}"
        raise HarnessError(f"{message}; the next promote or rollback of {stage.name} records it") from error
