"""Stands in for the Hopsworks SDK: the calls we make, with the signatures of 5.2, on dictionaries."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from hopsworks_common.client.exceptions import RestAPIError

PROJECTS: dict[str, "FeatureStore"] = {}


@dataclass(kw_only=True)
class FeatureGroup:
    """Rows by primary key, the newest wins."""

    primary_key: list[str]
    store: "FeatureStore"
    rows: dict[Any, dict[str, Any]] = field(default_factory=dict)

    def select(self, features: list[str]) -> "Query":
        """Return a query for some features."""
        return Query(group=self, features=features)

    def insert(self, features: pd.DataFrame, overwrite: bool = False, operation: str = "upsert",
               storage: str | None = None, write_options: dict[str, Any] | None = None) -> None:  # fmt: skip
        """Replace rows."""
        self.store.reach()
        for row in features.to_dict("records"):
            self.rows[row[self.primary_key[0]]] = row


@dataclass(kw_only=True)
class Query:
    """Some features of a group."""

    group: FeatureGroup
    features: list[str]


@dataclass(kw_only=True)
class FeatureView:
    """Vectors of a query."""

    query: Query

    def get_feature_vectors(self, serving_keys: list[dict[str, Any]] | None = None, *, return_type: str = "list",
                            allow_missing: bool = False) -> list[list[Any]]:  # fmt: skip
        """Return one vector for each key; what is missing is None, and the key is in its slot."""
        self.query.group.store.reach()
        name = self.query.group.primary_key[0]
        rows = [self.query.group.rows.get(key[name], key) for key in serving_keys or []]
        return [[row.get(feature) for feature in self.query.features] for row in rows]


@dataclass(kw_only=True)
class FeatureStore:
    """Groups by name; it can be out of reach."""

    down: bool = False
    groups: dict[str, FeatureGroup] = field(default_factory=dict)

    def reach(self) -> None:
        """Fail when out of reach."""
        if self.down:
            raise RestAPIError("https://hopsworks.test/hopsworks-api/api", "503")

    def get_or_create_feature_group(self, name: str, version: int, *, primary_key: list[str],
                                    online_enabled: bool = False) -> FeatureGroup:  # fmt: skip
        """Return a group."""
        return self.groups.setdefault(name, FeatureGroup(primary_key=primary_key, store=self))

    def get_or_create_feature_view(self, name: str, query: Query, version: int) -> FeatureView:
        """Return a view."""
        return FeatureView(query=query)

    def get_feature_store(self) -> "FeatureStore":
        """Return itself, as the project's."""
        return self


def login(*, project: str) -> FeatureStore:
    """Return a project."""
    return PROJECTS.setdefault(project, FeatureStore())
