"""A schema that a table keeps, from its profile: what was seen, for a person to correct."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from harness import ColumnProfile, Dataset

MOST_CATEGORIES = 20
FIRST, END = (datetime(year, 1, 2, tzinfo=UTC).timestamp() for year in (1, 9999))  # what a person writes as a time
Rules = Mapping[str, object]


def schema_of(data: Dataset) -> Mapping[str, Rules]:
    """Return the rules of `data.schema` that every row keeps, by column."""
    types = {name: str(kind).lstrip("!") for name, kind in data.ibis().schema().items()}
    profile = data.profile()
    return {
        name: {"type": kind, **(_rules(profile[name], kind) if name in profile.columns else {"nullable": True})}
        for name, kind in types.items()
    }


def _rules(column: ColumnProfile, kind: str) -> Rules:
    nullable: Rules = {"nullable": True} if column.missing else {}
    if kind == "boolean":
        return nullable
    if column.kind == "text":
        few = not column.uncounted and 0 < len(column.categories) <= MOST_CATEGORIES
        return {**nullable, "in": sorted(column.categories)} if few else nullable
    if not column.bins.total or column.below or column.above:
        return nullable
    low, high = column.values(np.array([column.bins.low[0], column.bins.high[-1]])).tolist()
    if column.kind == "time" and not FIRST <= low <= high < END:
        return nullable
    high = math.ceil(high) if column.kind == "time" else high
    return {**nullable, "min": _format_bound(low, column, kind), "max": _format_bound(high, column, kind)}


def _format_bound(value: float, column: ColumnProfile, kind: str) -> object:
    """Return a bound as a person writes it; times to the second."""
    if column.kind == "time":
        moment = datetime.fromtimestamp(value // 1, UTC)
        return moment.date().isoformat() if kind == "date" else moment.replace(tzinfo=None).isoformat()
    return int(value) if kind.startswith(("int", "uint")) else value
