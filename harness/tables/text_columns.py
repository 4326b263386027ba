"""Tells which types all values of a column of text survive, and which value is in the way of a declared one."""

from collections.abc import Mapping, Sequence
from functools import cache

from harness.tables import duck
from harness.tables.csv_types import MACROS, READINGS, Reading, declared_fits
from harness.tables.sql import column

SAMPLE = 8_192  # rows that tell which types a column cannot have
TOGETHER = 1_024  # questions in one query
Types = Mapping[str, str]
Kinds = Mapping[str, Sequence[str]]


def surviving_types(rows: str, kinds: Kinds) -> Types:
    """Return of each column the first of its types that all its values survive; one without values is text.

    `rows` is the SQL that reads every value as text. The last type of each column is `string`.
    """
    possible = dict(_fitting(f"(FROM {rows} LIMIT {SAMPLE})", kinds, whole=False))
    found: dict[str, str] = {}
    while possible:
        fits = _fitting(rows, {name: several[:1] for name, several in possible.items()}, whole=True)
        found |= {name: several[0] for name, several in fits.items() if several}
        possible = {name: several[1:] for name, several in possible.items() if not fits[name]}
    return {name: found[name] for name in kinds}


def first_misfits(rows: str, types: Types) -> Mapping[str, str]:
    """Return, of each column that has one, a value that is not of the type declared for it."""
    if not types:
        return {}
    misfits = ", ".join(
        _misfit(column(name).text, declared_fits(kind, column(name).text)) for name, kind in types.items()
    )
    found = zip(types, _ask(f"SELECT {misfits} FROM {rows}"), strict=True)
    return {name: str(value) for name, value in found if value is not None}


def _fitting(rows: str, kinds: Kinds, whole: bool) -> Kinds:
    """Return which of each column's types all its values are of."""
    found: dict[str, list[str]] = {name: [] for name in kinds}
    tests = [(name, kind) for name, several in kinds.items() for kind in several]
    for some in (tests[at : at + TOGETHER] for at in range(0, len(tests), TOGETHER)):
        asked = ", ".join(_all_fit(column(name).text, READINGS[kind], whole) for name, kind in some)
        for (name, kind), fits in zip(some, _ask(f"SELECT count(*) AS n, {asked} FROM {rows}")[1:], strict=True):
            found[name] += [kind] * bool(fits)
    return {name: tuple(several) for name, several in found.items()}


def _all_fit(name: str, reading: Reading, whole: bool) -> str:
    """Return the SQL that tells whether all values are of a type; of a whole column one is there, if it is not text."""
    if reading.fits == "csv_any":
        return f"count({name}) >= 0"
    each = f"coalesce(bool_and(coalesce({reading.fits}({name}), false)) FILTER ({name} IS NOT NULL), true)"
    together = f" AND {reading.together}({name})" if whole and reading.together else ""
    return f"{each} AND count({name}) >= {int(whole)}{together}"


def _misfit(name: str, fits: str) -> str:
    return f"any_value({name}) FILTER ({name} IS NOT NULL AND NOT coalesce({fits}, false))"


def _ask(query: str) -> Sequence[object]:
    _define_macros()
    found: Sequence[object] = duck.cursor().sql(query).fetchall()[0]
    return found


@cache
def _define_macros() -> None:
    for macro in MACROS:
        duck.database().execute(f"CREATE MACRO {macro}")
