"""Judges models where MLflow keeps them, and keeps the runs there too; MLflow itself loads when first needed."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import Connect, Datasets, Identity, OperatingPoint, Promoter, Proof, Report, Reporter, Target, hookimpl

# MLflow reads the first when it is imported, which is after this line; the second keeps standard output the host's.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
# A server that hangs is given up after about a minute, where MLflow would wait for a quarter of an hour.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")


@contextmanager
def mlflow(
    datasets: Datasets,
    *,
    data: str,
    model: str,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,
    columns: list[str] | None = None,
    operating_point: OperatingPoint | None = None,
) -> Iterator[Target]:
    """Open a model by its URI; it scores the datasets that are asked of it."""
    from harness_mlflow.registry import Store  # noqa: PLC0415
    from harness_mlflow.target import open_model  # noqa: PLC0415

    store = Store(tracking_uri=tracking_uri, registry_uri=registry_uri)
    with open_model(datasets, data=data, model=model, store=store, columns=columns, point=operating_point) as found:
        yield found


def report(found: Report, out: Path) -> str:
    """Log each run, or what a gate decided on them, to MLflow's tracking store and say where; `out` stays empty."""
    from harness_mlflow.tracking import track  # noqa: PLC0415

    return track(found)


class Alias:
    """The promoter: a registered model is promoted by pointing an alias at one of its versions."""

    def current(self, config: Mapping[str, Any]) -> str | None:
        """Return the version the alias points to now, or None if there never was one."""
        from harness_mlflow.promotion import current  # noqa: PLC0415

        return current(config)

    def move(self, config: Mapping[str, Any], identity: Identity) -> None:
        """Point the alias at the version that was judged, if its files are still those."""
        from harness_mlflow.promotion import move  # noqa: PLC0415

        move(config, identity)

    def read_back(self, config: Mapping[str, Any]) -> Identity | None:
        """Return the version the alias points to now, with the digest of its files as they are."""
        from harness_mlflow.promotion import read_back  # noqa: PLC0415

        return read_back(config)

    def keep_proof(self, config: Mapping[str, Any], identity: Identity, proof: Proof) -> None:
        """Keep the signed statement as an artefact, and say on the version by which one it is promoted."""
        from harness_mlflow.proofs import keep_proof  # noqa: PLC0415

        keep_proof(config, identity, proof)


@hookimpl
def harness_targets() -> Mapping[str, Connect]:
    """Offer `target: {kind: mlflow}`."""
    return {"mlflow": mlflow}


@hookimpl
def harness_reporters() -> Mapping[str, Reporter]:
    """Offer `--report mlflow`."""
    return {"mlflow": report}


@hookimpl
def harness_promoters() -> Mapping[str, Promoter]:
    """Offer `promote: {mlflow: ...}`."""
    return {"mlflow": Alias()}
