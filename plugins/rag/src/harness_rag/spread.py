"""How much of what scores differ by is the judge's own unsteadiness, where it judged each answer more than once."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness_rag.judges import Judgement


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The variance of scores, split by one-way analysis of variance; `agreement` is of two repeats of one answer."""

    answers: int
    repeats: int
    of_judge: float
    of_system: float
    agreement: float

    def __str__(self) -> str:
        total = self.of_judge + self.of_system
        share = f"{self.of_judge / total:.0%} of it the judge's" if total else "none at all"
        return (
            f"{self.answers} answers judged {self.repeats} times: variance of one verdict {total:.4f}, {share} "
            f"({self.of_judge:.4f}), the rest the answers' ({self.of_system:.4f}); two verdicts on one answer agree in "
            f"{self.agreement:.1%}"
        )


def measure_spread(judged: Sequence[Judgement]) -> Spread | None:
    """Return how the variance is split; None where no two answers were scored twice each."""
    scored = [each.repeats for each in judged if each.fate == "scored" and len(each.repeats) > 1]
    if len(scored) < 2:
        return None
    scores = np.array(scored)
    repeats = scores.shape[1]
    of_judge = float(scores.var(axis=1, ddof=1).mean())
    of_system = max(float(scores.mean(axis=1).var(ddof=1)) - of_judge / repeats, 0.0)
    alike = [one == other for each in scored for one, other in combinations(each, 2)]
    return Spread(
        answers=len(scored), repeats=repeats, of_judge=of_judge, of_system=of_system, agreement=float(np.mean(alike))
    )
