"""Fresh rows for the self-test: simulated payments, and rows drawn again by cluster."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.data.declarations import Source

FRAUDS, TERMINALS = 1600, 400
Draw = Callable[[np.random.Generator], pa.Table]


def payments(rate: float) -> Draw:
    """Return a source of payments: frauds come in bursts at terminals, of which some are harder to see through."""

    def draw(chance: np.random.Generator) -> pa.Table:
        terminal = np.repeat(np.arange(TERMINALS), 3 * FRAUDS // TERMINALS)
        y = np.tile([1, 0, 0], FRAUDS)
        seen = chance.beta(20 * rate, 20 * (1 - rate), TERMINALS)[terminal]
        score = chance.normal(1.8 * y, 1.0)
        caught = (chance.random(len(y)) < seen).astype(int) * y
        return pa.table({"id": np.arange(len(y)), "y": y, "caught": caught, "score": score, "terminal": terminal})

    return draw


def resample_clusters(rows: pa.Table, source: Source, chance: np.random.Generator) -> pa.Table:
    """Return as many clusters as there are, drawn with replacement; each draw counts as a cluster of its own.

    Ids become new ones, so that a row drawn twice is two rows; of several cluster columns the first is drawn.
    """
    column = source.cluster[0] if source.cluster else None
    codes = _codes(rows, column) if column else np.arange(len(rows))
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(codes.max() + 2))
    drawn = chance.integers(0, codes.max() + 1, codes.max() + 1)
    parts = [order[starts[code] : starts[code + 1]] for code in drawn]
    taken = rows.take(pa.array(np.concatenate(parts)))
    key = source.id or (source.labels.on if source.labels else None)
    if key:
        taken = _replace_column(taken, key, -1 - np.arange(len(taken)))
    return _replace_column(taken, column, np.repeat(np.arange(len(drawn)), list(map(len, parts)))) if column else taken


def _codes(rows: pa.Table, column: str) -> NDArray[np.int64]:
    indices = rows[column].combine_chunks().dictionary_encode().indices
    return np.asarray(indices.to_numpy(), dtype=np.int64)


def _replace_column(rows: pa.Table, name: str, values: NDArray[np.int64]) -> pa.Table:
    """Return the rows with new values in a column, numbers in its own type or else texts."""
    index, kind = rows.column_names.index(name), rows.schema.field(name).type
    new = pa.array(values).cast(kind) if pa.types.is_integer(kind) else pa.array([f"again {v}" for v in values])
    return rows.set_column(index, name, new)
