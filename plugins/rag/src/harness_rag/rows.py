"""Reads the rows of a dataset as answers: what they say, what they were given, and what became of each."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import pyarrow as pa

from harness import Dataset, HarnessError, column, sql

Fate = Literal["scored", "refused", "unparseable", "timed_out", "errored"]
FATES: Sequence[Fate] = get_args(Fate)
SYNONYMS = {"error": "errored", "timeout": "timed_out", "abstained": "refused", "blocked": "refused"}
FINE = ("", "ok", "scored", "answered")
ABSTENTIONS = (
    r"\b(?:i|we) (?:do not|don't|cannot|can't|could not|couldn't) (?:know|answer|find|say|tell|determine|help)\b",
    r"\b(?:i'm|i am|we're|we are) (?:not sure|unable|not able|sorry, but)\b",
    r"\b(?:context|passages?|documents?|sources?|handbook|information) (?:\w+ ){0,3}(?:do(?:es)? not|don't|doesn't) "
    r"(?:say|mention|contain|include|provide|specify|cover|answer)\b",
    r"\b(?:no|not enough|insufficient) (?:relevant )?(?:information|context|evidence)\b",
    r"\b(?:unanswerable|not (?:mentioned|stated|specified|covered|provided) in)\b",
)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which column of a dataset holds what; None where there is none."""

    answer: str
    contexts: str | None = None
    question: str | None = None
    gold: str | None = None
    context_ids: str | None = None
    gold_ids: str | None = None
    answerable: str | None = None
    status: str | None = None
    human: str | None = None

    def named(self) -> Mapping[str, str]:
        """Return the columns that there are, by what they hold."""
        return {what: name for what, name in vars(self).items() if name is not None}


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows of a dataset: ids, weights and clusters as a sample has them, and columns as Python values."""

    base: pa.Table
    values: Mapping[str, Sequence[object]]
    size: int

    def texts(self, what: str) -> Sequence[str | None]:
        """Return a column of texts; a row without one is None, and a value that is no text an error."""
        return [_text(what, value) for value in self.values[what]]

    def lists(self, what: str) -> Sequence[tuple[str, ...] | None]:
        """Return a column of several texts a row: a list, a JSON list as text, or one text alone."""
        return [_list(what, value) for value in self.values[what]]

    def flags(self, what: str) -> Sequence[bool | None]:
        """Return a column of 0 and 1, or true and false."""
        return [_flag(what, value) for value in self.values[what]]

    def narrow(self, kept: Sequence[bool]) -> "Rows":
        """Return the rows that are kept, in their order."""
        values = {what: [v for v, keep in zip(all_, kept, strict=True) if keep] for what, all_ in self.values.items()}
        return Rows(base=self.base.filter(pa.array(kept, pa.bool_())), values=values, size=sum(kept))


def read_rows(data: Dataset, columns: Mapping[str, str]) -> Rows:
    """Return the rows with the named columns, sorted by id where there is one."""
    data.must_have([*columns.values()])
    roles = {"id": data.roles.id, "weight": data.roles.weight} | {f"cluster.{c}": c for c in data.roles.cluster}
    wanted = {name: of for name, of in roles.items() if of} | {f"text.{what}": of for what, of in columns.items()}
    chosen = [sql("{c} AS {name}", c=column(of), name=column(name)) for name, of in wanted.items()]
    order = sql(" ORDER BY id") if data.roles.id else sql("")
    found = data.query("SELECT {chosen} FROM {rows}{order}", chosen=chosen, order=order).table()
    base = found.select([name for name in found.column_names if not name.startswith("text.")])
    values = {what: found[f"text.{what}"].to_pylist() for what in columns}
    return Rows(base=base, values=values, size=found.num_rows)


def fates(rows: Rows, abstentions: Sequence[str]) -> Sequence[Fate]:
    """Return what became of each row: its status says, or its answer; an empty answer is an error, never a score."""
    answers = rows.texts("answer")
    states = rows.texts("status") if "status" in rows.values else [None] * rows.size
    says_no = re.compile("|".join(f"(?:{each})" for each in abstentions), re.I) if abstentions else None
    return [_fate(answer, state, says_no) for answer, state in zip(answers, states, strict=True)]


def _fate(answer: str | None, state: str | None, says_no: re.Pattern[str] | None) -> Fate:
    said = (state or "").strip().lower().replace(" ", "_").replace("-", "_")
    if said not in FINE:
        return _known(SYNONYMS.get(said, said))
    if answer is None or not answer.strip():
        return "errored"
    return "refused" if says_no and says_no.search(answer.replace("’", "'")) else "scored"


def _known(said: str) -> Fate:
    for fate in FATES:
        if fate == said:
            return fate
    raise HarnessError(f"a row's status is {said!r}; statuses are ok, {', '.join(FATES[1:])}; correct the column")


def _text(what: str, value: object) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        return value
    raise HarnessError(f"the {what} of a row is {type(value).__name__} ({str(value)[:40]}); a text is needed")


def _list(what: str, value: object) -> tuple[str, ...] | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, list):
        raise HarnessError(f"the {what} of a row are {type(value).__name__}; a list of texts or one text is needed")
    return tuple(text for each in value if (text := _text(what, _as_text(each))) is not None)


def _parsed(text: str) -> list[object]:
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
        except json.JSONDecodeError:
            return [text]  # a passage may begin with a bracket
        if isinstance(found, list):
            return found
    return [text]


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _flag(what: str, value: object) -> bool | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    raise HarnessError(f"the {what} of a row is {value!r}; 0 or 1 is needed")
