"""What calls cost and where their answers came from: set aside before, settled after, written down each time."""

from dataclasses import dataclass, field
from decimal import Decimal

from harness import Calls, Cost
from harness_models.budget import Budget
from harness_models.calls import Call, Place, RefusedCallError
from harness_models.digests import digest_of, digest_of_bytes
from harness_models.journal import Answered, Journal


@dataclass
class Tally:
    """What the calls of one step came to: the digest of each answer by key, how many came from where, and the cost."""

    answers: dict[str, str] = field(default_factory=dict)
    origins: dict[str, int] = field(default_factory=lambda: {"sent": 0, "replayed": 0, "resumed": 0})
    failed: int = 0
    tokens: int = 0
    money: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A call on its way: its number in the journal, and what is set aside for it."""

    call: Call
    number: int
    worst: Decimal


class Books:
    """The budget, the journal and a tally for each step of a suite; they are used by one thread."""

    def __init__(self, budget: Budget, journal: Journal) -> None:
        self.budget, self.journal = budget, journal
        self.overrun = ""
        self._tallies: dict[tuple[str, str], Tally] = {}

    def send(self, call: Call) -> Sent:
        """Set the worst case of a call aside and write it down, before it is sent; without the money it is refused."""
        if self.overrun and self.budget.limit is not None:
            raise RefusedCallError(402, "budget_spent", self.overrun)
        worst = self._worst(call)
        if not self.budget.reserve(worst):
            message = f"it may cost {worst:f}, and {self.budget.left:f} of the budget is left; raise --budget"
            raise RefusedCallError(402, "budget_spent", message)
        return Sent(call=call, number=self.journal.send(worst), worst=worst)

    def settle(self, sent: Sent, cost: Decimal, answer: Answered | None = None) -> None:
        """Count what a call cost in place of its worst case, with its answer, if it got one."""
        if sent.call.worst is not None and cost > sent.worst:
            more = f"endpoint {sent.call.place.endpoint!r} billed {cost:f}, more than the worst case of {sent.worst:f}"
            self.overrun = f"{more}, so no budget can be held; set its `hidden_tokens`"
        self.budget.settle(sent.worst, cost)
        self.journal.settle(sent.number, cost, sent.call.key, answer)
        tally = self.tally(sent.call.place)
        tally.money += cost
        tally.tokens += answer.read + answer.written if answer else 0

    def tally(self, place: Place) -> Tally:
        """Return the tally of the step that a call is for."""
        return self._tallies.setdefault((place.suite, place.step), Tally())

    def count(self, call: Call, found: Answered) -> None:
        """Count an answer that a step was given, once, however often it asks."""
        tally = self.tally(call.place)
        if call.key not in tally.answers:
            tally.answers[call.key] = digest_of_bytes(found.body)
            tally.origins[found.origin] += 1

    @property
    def has_failures(self) -> bool:
        """Tell whether some call got no answer."""
        return any(tally.failed for tally in self._tallies.values())

    def cost(self, suite: str, step: str) -> Cost:
        """Return the tokens and the money of a step."""
        tally = self._tallies.get((suite, step), Tally())
        return Cost(tokens=tally.tokens, money=float(tally.money))

    def calls(self, suite: str, step: str, replay: str) -> Calls | None:
        """Return how the calls of a step were answered; None if it made none."""
        tally = self._tallies.get((suite, step), Tally())
        if not tally.answers and not tally.failed:
            return None
        answers = digest_of(sorted(tally.answers.items()))
        return Calls(replay=replay, answers=answers, failed=tally.failed, **tally.origins)  # type: ignore[arg-type]

    def _worst(self, call: Call) -> Decimal:
        if call.worst is not None:
            return call.worst
        if self.budget.limit is None:
            return Decimal(0)
        message = "nothing bounds what it may cost; set max_tokens, send text alone, and give the model a price"
        raise RefusedCallError(402, "unknown_price", message)
