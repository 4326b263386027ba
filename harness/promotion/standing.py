"""What the recorded moves of a stage say: who is promoted, what is revoked, and where a rollback leads. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.promotion.moves import Move
from harness.values.identity import Identity

PROMOTES = ("promotion", "override")


@dataclass(frozen=True, kw_only=True)
class Return:
    """Where a rollback leads: to whom, by which promotion (None for who was before the first), and what it revokes."""

    candidate: Identity
    promotion: Move | None
    revokes: Sequence[str] = ()


def last_moved(moves: Sequence[Move]) -> Move | None:
    """Return the move that says who is promoted; None where nothing was ever."""
    return next((move for move in reversed(moves) if move.outcome == "moved"), None)


def list_open(moves: Sequence[Move]) -> Sequence[Move]:
    """Return the moves of which nobody knows what came."""
    return [move for move in moves if move.outcome is None]


def list_revoked(moves: Sequence[Move]) -> Mapping[str, Move]:
    """Return by revoked statement the rollback that revoked it."""
    return {id: move for move in moves if move.outcome == "moved" for id in move.revokes}


def list_good(moves: Sequence[Move]) -> Sequence[Move]:
    """Return the promotions that moved and were not revoked, oldest first."""
    revoked = list_revoked(moves)
    return [move for move in moves if move.outcome == "moved" and move.kind in PROMOTES and move.id not in revoked]


def find_return(moves: Sequence[Move], served: Identity | None) -> Return | None:
    """Return where a rollback from what is served leads.

    Where somebody moved by hand, back to who was promoted last, which revokes nothing; else to the last other one that
    its gate passed, or to who stood there before the first promotion. None where nobody stood there.
    """
    last, good = last_moved(moves), list_good(moves)
    if last and (served is None or served.key != last.candidate.key):
        return Return(candidate=last.candidate, promotion=_promotion_of(good, last.candidate))
    if last is None or served is None:
        return None
    left = [move for move in good if move.candidate.key == served.key]
    earlier = [move for move in good if move.candidate.key != served.key and move.kind != "override"]
    revokes = [move.id for move in left]
    if earlier:
        return Return(candidate=earlier[-1].candidate, promotion=earlier[-1], revokes=revokes)
    first = next((move.before for move in moves if move.outcome == "moved"), None)
    return Return(candidate=first, promotion=None, revokes=revokes) if first and first.key != served.key else None


def find_rollback(moves: Sequence[Move], candidate: Identity) -> Move | None:
    """Return the latest rollback that left a candidate."""
    gone = {move.id for move in moves if move.candidate.key == candidate.key}
    left = [move for move in moves if move.outcome == "moved" and gone.intersection(move.revokes)]
    return left[-1] if left else None


def _promotion_of(good: Sequence[Move], who: Identity) -> Move | None:
    return next((move for move in reversed(good) if move.candidate.key == who.key), None)
