"""Histories in Feast's online store (`feast:FOLDER`, the folder of a feature_store.yaml), as one bytes feature a key.

Feast 0.67 wants pandas below 3 and lives in an environment of its own; nothing here is imported unless asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from feast import (  # type: ignore[import-not-found]
    Entity,
    FeatureStore,
    FeatureView,
    Field,
    FileSource,
    ValueType,
)
from feast.types import Bytes  # type: ignore[import-not-found]
from redis.exceptions import RedisError

from fraud_target.rows import WIDTHS, Row

KEY, VALUE, WHEN = "owner", "history", "event_timestamp"


class FeastRows:
    """Rows in Feast; it skips a write that is not newer by a second, so writes are numbered, a second for each."""

    def __init__(self, folder: Path) -> None:
        self._store = FeatureStore(repo_path=str(folder))
        owner = Entity(name=KEY, join_keys=[KEY], value_type=ValueType.INT64)
        self._store.apply([owner, *(_view(table, owner, folder) for table in WIDTHS)])

    def read(self, table: str, keys: Sequence[int]) -> Mapping[int, bytes]:
        """Return the values of the keys that have one."""
        asked = [{KEY: key} for key in keys]
        try:
            found = self._store.get_online_features(features=[f"{table}:{VALUE}"], entity_rows=asked).to_dict()
        except RedisError as trouble:
            raise ConnectionError(type(trouble).__name__) from trouble
        return {key: value for key, value in zip(keys, found[VALUE], strict=True) if value is not None}

    def write(self, table: str, rows: Mapping[int, Row]) -> None:
        """Replace the values of keys."""
        frame = pd.DataFrame(
            {
                KEY: list(rows),
                VALUE: [row.pack() for row in rows.values()],
                WHEN: [datetime.fromtimestamp(row.writes, UTC) for row in rows.values()],
            }
        )
        try:
            self._store.write_to_online_store(table, frame)
        except RedisError as trouble:
            raise ConnectionError(type(trouble).__name__) from trouble


def _view(table: str, owner: Entity, folder: Path) -> FeatureView:
    """Return one table; its offline source is only a name, as the loader writes online."""
    source = FileSource(name=f"{table}_source", path=str(folder / f"{table}.parquet"), timestamp_field=WHEN)
    return FeatureView(name=table, entities=[owner], schema=[Field(name=VALUE, dtype=Bytes)], source=source)
