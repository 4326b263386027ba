"""Where the answers of language models in a run came from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from harness.values.canonical import canonical, sha256

Replay = Literal["off", "record", "strict"]


@dataclass(frozen=True, kw_only=True)
class Calls:
    """How calls to language models were answered.

    `answers` is the digest of all answers with what they answer, which a recording of them has too. `replayed` counts
    calls that an earlier run had recorded, `resumed` those that an interrupted run had paid for, `sent` those that were
    asked now, and `failed` those that got no answer.
    """

    replay: Replay
    answers: str
    replayed: int = 0
    resumed: int = 0
    sent: int = 0
    failed: int = 0


def join_calls(found: Iterable[Calls | None]) -> Calls | None:
    """Return the calls of all steps together, whatever their order; None where no step made any."""
    each = [calls for calls in found if calls]
    if not each:
        return None
    return Calls(
        replay=each[0].replay,
        answers=sha256(canonical(sorted(calls.answers for calls in each))),
        replayed=sum(calls.replayed for calls in each),
        resumed=sum(calls.resumed for calls in each),
        sent=sum(calls.sent for calls in each),
        failed=sum(calls.failed for calls in each),
    )
