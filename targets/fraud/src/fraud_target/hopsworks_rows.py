"""Histories in Hopsworks' online store (`hopsworks:PROJECT`), as one binary feature a key.

It was exercised against a stand-in with the signatures of hopsworks 5.2 and never met a live Hopsworks.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from fraud_target.rows import WIDTHS, Row

KEY, VALUE, VERSION = "owner", "history", 1


class Sdk(Protocol):
    """What we call on a Hopsworks feature store."""

    def get_or_create_feature_group(self, name: str, version: int, **settings: Any) -> Any:
        """Return a group."""

    def get_or_create_feature_view(self, name: str, query: Any, version: int) -> Any:
        """Return a view."""


class HopsworksRows:
    """Rows in Hopsworks; `refused` are the SDK's own errors, which are no OSError."""

    def __init__(self, store: Sdk, refused: tuple[type[Exception], ...]) -> None:
        self._refused = refused
        settings = {"primary_key": [KEY], "online_enabled": True}
        self._groups = {table: store.get_or_create_feature_group(table, VERSION, **settings) for table in WIDTHS}
        self._views = {
            table: store.get_or_create_feature_view(table, group.select([KEY, VALUE]), VERSION)
            for table, group in self._groups.items()
        }

    def read(self, table: str, keys: Sequence[int]) -> Mapping[int, bytes]:
        """Return the values of the keys that have one."""
        asked = [{KEY: key} for key in keys]
        try:
            found = self._views[table].get_feature_vectors(serving_keys=asked, return_type="list", allow_missing=True)
        except self._refused as trouble:
            raise ConnectionError(str(trouble)) from trouble
        return {int(key): bytes(value) for key, value in found if value is not None}

    def write(self, table: str, rows: Mapping[int, Row]) -> None:
        """Replace the values of keys, online only."""
        frame = pd.DataFrame({KEY: list(rows), VALUE: [row.pack() for row in rows.values()]})
        try:
            self._groups[table].insert(frame, storage="online")
        except self._refused as trouble:
            raise ConnectionError(str(trouble)) from trouble


def log_in(project: str) -> HopsworksRows:
    """Return the rows of a project; the SDK reads HOPSWORKS_HOST and HOPSWORKS_API_KEY."""
    import hopsworks  # type: ignore[import-not-found]  # noqa: PLC0415  only who asks for it has the SDK
    from hopsworks_common.client.exceptions import (  # type: ignore[import-not-found]  # noqa: PLC0415
        FeatureStoreException,
        RestAPIError,
    )

    store = hopsworks.login(project=project).get_feature_store()
    return HopsworksRows(store, (FeatureStoreException, RestAPIError))
