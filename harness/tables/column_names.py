"""Refuses columns that SQL takes for one: what reads the second would be given the first."""

from collections.abc import Iterable
from itertools import pairwise

from harness.errors import HarnessError


def fold_case(name: str) -> str:
    """Return the name by which SQL knows a column: the letters of ASCII have no case."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def refuse_repeated(names: Iterable[str], where: str) -> None:
    """Refuse two columns with one name, whatever the case of its letters."""
    for one, other in pairwise(sorted(names, key=fold_case)):
        if fold_case(one) == fold_case(other):
            message = f"column {one!r} twice" if one == other else f"the columns {one!r} and {other!r}"
            raise HarnessError(f"{where} has {message}, which SQL cannot tell apart; rename one of them")
