"""Keeps why a version is promoted beside it: the signed statement as an artefact, and tags that lead to it."""

from collections.abc import Mapping
from typing import Any

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from harness import Identity, Proof
from harness_mlflow.promotion import judged_version, parse_config
from harness_mlflow.tracking import experiment_of
from harness_mlflow.troubles import wrap_errors

FOLDER = "harness"
STATEMENT = "harness.statement"


def keep_proof(config: Mapping[str, Any], identity: Identity, proof: Proof) -> None:
    """Log the statement to the run that made the version, and tag the version; others lose the tags of the stage.

    A version that no run made gets a run of its own, in the experiment of the project. Keeping it again changes
    nothing.
    """
    asked = parse_config(config)
    version = judged_version(asked, identity)
    with wrap_errors(f"MLflow did not take the statement of {identity.revision}", "check that you may write to it"):
        client = asked.store.client()
        kept = client.get_model_version(asked.model, version)
        tags = _tags(proof, _log_statement(client, kept, proof))
        for other in client.search_model_versions(f"name = '{asked.model}'"):
            for tag in sorted(tags.keys() & other.tags.keys()) if str(other.version) != version else ():
                client.delete_model_version_tag(asked.model, other.version, tag)
        for tag, value in tags.items():
            client.set_model_version_tag(asked.model, version, tag, value)


def _tags(proof: Proof, artefact: str) -> Mapping[str, str]:
    """Return what a version says of the stage that it is promoted to."""
    stage = f"harness.{proof.stage}"
    return {stage: proof.kind, f"{stage}.statement": proof.digest, f"{stage}.artefact": artefact}


def _log_statement(client: MlflowClient, version: ModelVersion, proof: Proof) -> str:
    """Return where the statement is: runs:/RUN/harness/STAGE-KIND-DIGEST.intoto.json."""
    run = version.run_id or _find_run(client, proof) or _make_run(client, version, proof)
    file = f"{FOLDER}/{proof.stage}-{proof.kind}-{proof.digest.removeprefix('sha256:')[:12]}.intoto.json"
    client.log_text(run, proof.envelope, file)
    return f"runs:/{run}/{file}"


def _find_run(client: MlflowClient, proof: Proof) -> str | None:
    experiment = experiment_of(client, proof.project)
    found = client.search_runs([experiment], f"tags.`{STATEMENT}` = '{proof.digest}'", max_results=1)
    return str(found[0].info.run_id) if found else None


def _make_run(client: MlflowClient, version: ModelVersion, proof: Proof) -> str:
    tags = {STATEMENT: proof.digest, "harness.candidate": f"models:/{version.name}/{version.version}"}
    name = f"{proof.kind} to {proof.stage}"
    made = client.create_run(experiment_of(client, proof.project), run_name=name, tags=tags)
    client.set_terminated(made.info.run_id)
    return str(made.info.run_id)
