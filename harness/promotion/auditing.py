"""Finds what no promotion explains: moves by hand, overrides that stayed, statements of keys that are not trusted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from harness.errors import HarnessError
from harness.promotion.moves import Move, describe_move
from harness.promotion.stages import Stage
from harness.promotion.standing import last_moved, list_open
from harness.signing.verifying import Untrusted
from harness.values.identity import Identity, short_identity

STAYS = timedelta(hours=24)  # that an override may


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What an audit found at a stage, and what to do."""

    stage: str
    text: str

    def __str__(self) -> str:
        return f"{self.stage}: {self.text}"


def audit(stage: Stage, now: datetime, since: datetime | None) -> Sequence[Finding]:
    """Return what nothing explains at a stage; of what is over, only what happened since a time."""
    entries = stage.entries()
    moves = stage.moves(entries)
    texts = [
        *filter(None, [stage.loss(entries)]),
        *_find_hand_moves(stage, moves),
        *_find_earlier_hand_moves(moves, since),
        *_find_open(stage, moves),
        *_find_overrides(stage, moves, now),
        *_find_untrusted(stage, moves, since),
    ]
    return [Finding(stage=stage.name, text=text) for text in texts]


def find_promoted(stage: Stage) -> Identity | None:
    """Return who is promoted by a statement that is trusted, else who stands there; None if nobody does.

    A move that was begun and not ended counts where a registry has moved. HarnessError if nobody can say.
    """
    entries = stage.entries()
    loss = stage.loss(entries)
    if loss:
        raise HarnessError(loss)
    moves = stage.moves(entries)
    for move in list_open(moves):
        if move.candidate.key in [_key(registry.read_back()) for registry in stage.registries]:
            return _trusted(stage, move)
    last = last_moved(moves)
    return _trusted(stage, last) if last else stage.served()


def _trusted(stage: Stage, move: Move) -> Identity:
    stage.verify(move.envelope, move.predicate_type)
    return move.candidate


def describe_standing(stage: Stage) -> str:
    """Return who is promoted by the record of a stage."""
    last = last_moved(stage.moves(stage.entries()))
    return f"{stage.name}: {describe_move(last, stage.trust) if last else 'nothing was promoted yet'}"


def _find_hand_moves(stage: Stage, moves: Sequence[Move]) -> Iterator[str]:
    """Yield each registry that has somebody else than the last move says."""
    last = last_moved(moves)
    recorded = last.candidate if last else None
    for registry in stage.registries:
        try:
            served = registry.read_back()
        except HarnessError as error:
            yield f"{error}; nobody can say now who is promoted"
            continue
        if _key(served) == _key(recorded):
            continue
        message = f"{registry.name} has {_name(served)}, and no promotion explains it"
        if last is None:
            yield f"{message}: nothing was ever promoted; promote it with a signature"
        else:
            then = f"`harness rollback {stage.name}` puts that back"
            yield f"{message}: the last one is the {describe_move(last, stage.trust)}; {then}"


def _find_earlier_hand_moves(moves: Sequence[Move], since: datetime | None) -> Iterator[str]:
    """Yield where a move found somebody else than the one before it left."""
    moved = [move for move in moves if move.outcome == "moved"]
    for earlier, later in pairwise(moved):
        if _key(later.before) != earlier.candidate.key and (since is None or later.recorded >= since):
            between = f"between {earlier.recorded:%Y-%m-%d %H:%M} and {later.recorded:%Y-%m-%d %H:%M} UTC"
            yield f"{between} somebody moved it from {_name(earlier.candidate)} to {_name(later.before)} by hand"


def _find_open(stage: Stage, moves: Sequence[Move]) -> Iterator[str]:
    for move in list_open(moves):
        then = "the next promote or rollback ends it by what the registries say"
        yield f"what came of the {describe_move(move, stage.trust)} is not recorded; {then}"


def _find_overrides(stage: Stage, moves: Sequence[Move], now: datetime) -> Iterator[str]:
    last = last_moved(moves)
    if last and last.kind == "override" and now - last.recorded > STAYS:
        who = describe_move(last, stage.trust)
        yield f"still the {who} ({last.reason}), for more than 24 hours; promote one that passes, or roll back"


def _find_untrusted(stage: Stage, moves: Sequence[Move], since: datetime | None) -> Iterator[str]:
    """Yield the moves whose statement is of nobody whom the project trusts today; of the one in force, always."""
    last = last_moved(moves)
    for move in moves:
        if move is not last and (move.outcome == "not moved" or (since and move.recorded < since)):
            continue
        try:
            stage.verify(move.envelope, move.predicate_type)
        except Untrusted as error:
            yield f"{describe_move(move, stage.trust)}: {error}"


def _key(who: Identity | None) -> str | None:
    return who.key if who else None


def _name(who: Identity | None) -> str:
    return short_identity(who) if who else "nobody"
