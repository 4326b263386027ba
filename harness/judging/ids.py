"""Asks which ids are among others, of a whole table or of each of its many slices."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

FEW = 20  # times fewer ids than are known are looked up one by one, as Arrow hashes all that are known each time


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownIds:
    """Ids of one type."""

    ids: pa.Array

    def among(self, others: pa.Array) -> pa.Array:
        """Return of each of others, of the same type, whether it is known."""
        if FEW * len(others) < len(self.ids):
            return pa.array([each in self._set for each in others.to_pylist()], pa.bool_())
        return pc.is_in(others, value_set=self.ids)

    @cached_property
    def _set(self) -> frozenset[Any]:
        return frozenset(self.ids.to_pylist())


def gather_ids(tables: Iterable[tuple[str, pa.Table | None]]) -> Mapping[str, Sequence[KnownIds]]:
    """Return by target the ids in its tables, of each type apart; a table without ids has none."""
    found: dict[str, dict[pa.DataType, list[pa.Array]]] = {}
    for target, table in tables:
        if table is not None and "id" in table.column_names:
            ids = table["id"].combine_chunks()
            found.setdefault(target, {}).setdefault(ids.type, []).append(ids)
    return {
        target: [KnownIds(ids=pa.concat_arrays(each).unique()) for each in kinds.values()]
        for target, kinds in found.items()
    }
