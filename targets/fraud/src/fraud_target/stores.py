"""Opens the feature store a URL names: `redis://...`, `feast:FOLDER` or `hopsworks:PROJECT`."""

from pathlib import Path

from fraud_target.rows import Rows, RowStore
from fraud_target.store import FeatureStore, ValkeyStore

FEAST, HOPSWORKS = "feast:", "hopsworks:"
VALKEY = ("redis://", "rediss://", "unix://")


def store_at(url: str) -> FeatureStore:
    """Return the store a URL names."""
    rows = rows_at(url)
    return ValkeyStore(url) if rows is None else RowStore(rows)


def rows_at(url: str) -> Rows | None:
    """Return the rows a URL names; none if it names a Valkey or Redis server."""
    if url.startswith(VALKEY):
        return None
    try:
        if url.startswith(FEAST):
            from fraud_target.feast_rows import FeastRows  # noqa: PLC0415  in an environment of its own

            return FeastRows(Path(url.removeprefix(FEAST)))
        if url.startswith(HOPSWORKS):
            from fraud_target.hopsworks_rows import log_in  # noqa: PLC0415  the SDK is seldom installed

            return log_in(url.removeprefix(HOPSWORKS))
    except ModuleNotFoundError as missing:
        raise ValueError(f"store {url!r} needs {missing.name!r}, which is not installed here") from missing
    raise ValueError(f"store {url!r} is none of {', '.join([*VALKEY, FEAST, HOPSWORKS])}; name one of them")
