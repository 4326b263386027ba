"""Leads a stage back to the last good promotion, and revokes the one it leaves; no gate is asked, and no run made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from securesystemslib.signer import Signer

from harness.errors import HarnessError
from harness.promotion.moves import Move, describe_move
from harness.promotion.moving import Signed, finish_open, keep_proof, move_stage
from harness.promotion.predicates import About, rollback_statement
from harness.promotion.promoting import Done
from harness.promotion.stages import Stage, before_moving
from harness.promotion.standing import Return, find_return
from harness.signing.envelopes import open_envelope
from harness.signing.verifying import Untrusted
from harness.values.identity import Identity, short_identity


@dataclass(frozen=True, kw_only=True)
class Back:
    """What came of a rollback: whom it left, by whom it was promoted there, and the rest."""

    done: Done
    left: Identity | None
    to: Return


def roll_back(stage: Stage, signer: Signer, about: About, reason: str) -> Back:
    """Move to the last good promotion, and return what came of it. HarnessError if there is none; nothing moved."""
    with stage.lock() as still_locked:
        stage.whole_entries()
        finished = list(finish_open(stage))
        notices = list(map(str, finished))
        entries = stage.entries()
        with before_moving():
            served, moves = stage.served(), stage.moves(entries)
        if ended := next((each.move for each in finished if each.had_moved and each.move.kind == "rollback"), None):
            return _end_earlier(stage, ended, moves, notices)
        doubted = list(_list_doubted(stage, moves))
        trusted = [move for move in moves if move.id not in {each.id for each, _ in doubted}]
        to = find_return(trusted, served)
        if to is None:
            raise HarnessError(f"nothing was moved: {_describe_nowhere(stage, served, doubted)}")
        statement = rollback_statement(about, to, served, entries, reason)
        text = stage.sign(statement, signer, about.issued)
        path = move_stage(stage, Signed(statement=statement, text=text, candidate=to.candidate), still_locked)
        notices += keep_proof(stage)
    notices += [f"passed over: {describe_move(move, stage.trust)}: {why}" for move, why in doubted]
    done = Done(candidate=to.candidate, statement=path, notices=notices, before=served)
    return Back(done=done, left=served, to=to)


def _end_earlier(stage: Stage, move: Move, moves: Sequence[Move], notices: Sequence[str]) -> Back:
    """Return what came of a rollback that another process began: going back once more was asked by nobody."""
    promotion = next((each for each in moves if each.id == move.predicate.get("promotion")), None)
    _, statement = open_envelope(move.envelope)
    path = stage.write(statement, move.envelope)
    done = Done(candidate=move.candidate, statement=path, notices=notices, before=move.before)
    return Back(
        done=done, left=move.before, to=Return(candidate=move.candidate, promotion=promotion, revokes=move.revokes)
    )


def describe_back(stage: Stage, back: Back) -> str:
    """Return what came of a rollback in words, and what to look after."""
    left = short_identity(back.left) if back.left else "nobody"
    by = describe_move(back.to.promotion, stage.trust) if back.to.promotion else "it stood there before the first one"
    lines = [f"ROLLED BACK  {stage.name} to {short_identity(back.to.candidate)}, from {left}", f"promoted by: {by}"]
    count = len(back.to.revokes)
    lines += [f"revoked: {count} statement{'' if count == 1 else 's'} of {left}"] if count else []
    lines.append(f"still serving the old one: whatever loaded {left} and does not follow the registry; restart it")
    return "\n".join([*lines, f"statement: {back.done.statement}"])


def _list_doubted(stage: Stage, moves: Sequence[Move]) -> Iterator[tuple[Move, str]]:
    """Yield the moves that whom the project trusts today did not sign, such as with a key that was revoked since."""
    for move in moves:
        try:
            stage.verify(move.envelope, move.predicate_type)
        except Untrusted as error:
            yield move, str(error)


def _describe_nowhere(stage: Stage, served: Identity | None, doubted: Sequence[tuple[Move, str]]) -> str:
    now = f"{short_identity(served)} is" if served else "nobody is"
    passed = f" ({len(doubted)} are of keys that are not trusted)" if doubted else ""
    message = f"{now} promoted to {stage.name}, and no earlier good promotion is recorded{passed}"
    return f"{message}; promote another candidate"
