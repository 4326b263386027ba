"""A registered fraud model, its loaded store, and containers run here as the chart's pods say."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import mlflow
import pyarrow as pa
from fraud_target.embedded import LOOPBACK, free_port, stop
from fraud_target.features import add_features
from fraud_target.loading import load_payments
from fraud_target.model import RECIPES, fit
from fraud_target.process import Process
from fraud_target.registry import TRUSTED
from fraud_target.served import manifest_digest
from fraud_target.simulate import simulate
from mlflow import MlflowClient

ANNOTATION = re.compile(r"metadata\.annotations\['(.+)'\]")
END = date(2026, 3, 31)


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A model as `models:/fraud/1`: its registry, and the digest of its files."""

    registry: str
    digest: str


def register_model(folder: Path, store: str) -> Registered:
    """Train a small model, register it, and fill the store with the payments before its last day."""
    payments = pa.concat_tables(simulate(Process(end=END, customers=200, terminals=1500, days=40)))
    model, registry = folder / "model", f"sqlite:///{folder / 'mlflow.db'}"
    kept = {"serialization_format": "skops", "skops_trusted_types": TRUSTED, "pip_requirements": []}
    mlflow.sklearn.save_model(fit(RECIPES["champion"](1), add_features(payments).to_pandas()), str(model), **kept)
    client = MlflowClient(tracking_uri=registry, registry_uri=registry)
    client.create_registered_model("fraud")
    client.create_model_version("fraud", str(model))
    load_payments(payments, datetime.combine(END, time()), store)
    return Registered(registry=registry, digest=manifest_digest(model))


@contextmanager
def run_pod(
    pod: Mapping[str, Any], secret: Mapping[str, str], project: Path | None = None
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Give the URL and the process of a pod's container: its command, with its variables as the kubelet sets them.

    `project` is what the image has as its working directory, and holds the folder of its volume `state`.
    """
    (container,) = pod["spec"]["containers"]
    port = free_port()
    words = {"0.0.0.0": LOOPBACK, str(container["ports"][0]["containerPort"]): str(port), "/state": f"{project}/state"}
    program, *rest = (words.get(word, word) for word in container["command"])
    variables = {
        each["name"]: _variable(each, pod["metadata"].get("annotations", {}), secret) for each in container["env"]
    }
    command = [str(Path(sys.executable).with_name(program)), *rest]
    process = subprocess.Popen(
        command, cwd=project, env={**os.environ, **variables, "HOME": os.environ["HOME"]}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield f"http://{LOOPBACK}:{port}", process
    finally:
        stop(process)


def _variable(declared: Mapping[str, Any], annotations: Mapping[str, str], secret: Mapping[str, str]) -> str:
    """Return what a container finds in a variable; an annotation that is missing is an empty one."""
    if "value" in declared:
        return str(declared["value"])
    source = declared["valueFrom"]
    if "secretKeyRef" in source:
        return secret[source["secretKeyRef"]["key"]]
    found = ANNOTATION.fullmatch(source["fieldRef"]["fieldPath"])
    assert found, source
    return annotations.get(found[1], "")
