"""Whether the champion that runs were judged against is the one that is still promoted. Pure."""

from collections.abc import Sequence

from harness.promotion.moves import Move, describe_move
from harness.promotion.standing import last_moved
from harness.signing.trust import Trust
from harness.values.identity import Identity, short_identity
from harness.values.runs import Run


def find_other_champion(runs: Sequence[Run], served: Identity | None, *, first_allowed: bool) -> Sequence[Run]:
    """Return the runs that were judged against somebody who is not promoted now; those without baselines are none."""
    return [run for run in runs if run.baselines and not _is_against(run, served, first_allowed=first_allowed)]


def describe_other_champion(
    against: Sequence[Run], served: Identity | None, moves: Sequence[Move], trust: Trust
) -> str:
    """Return that a candidate was judged against another champion, who moved that one, and what to run."""
    named = dict.fromkeys(short_identity(who) if who else "nobody" for run in against for who in run.baselines.values())
    now = short_identity(served) if served else "nobody"
    suites = " and ".join(sorted({run.suite for run in against}))
    message = f"{against[0].candidate.revision} was judged against {' and '.join(named)}, and {now} is promoted now"
    return f"{message}: {explain_served(served, moves, trust)}; run {suites} again, then promote"


def explain_served(served: Identity | None, moves: Sequence[Move], trust: Trust) -> str:
    """Return who moved the one that is promoted."""
    last = last_moved(moves)
    if served is not None and last is not None and last.candidate.key == served.key:
        return describe_move(last, trust)
    return "somebody moved it by hand, as no promotion explains it"


def _is_against(run: Run, served: Identity | None, *, first_allowed: bool) -> bool:
    if served is None:
        return first_allowed or None in run.baselines.values()
    return served.key in {who.key for who in run.baselines.values() if who}
