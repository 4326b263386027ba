"""Definitions of the custom resources, from packages that carry the schemas of their projects."""

import json
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from ci.deploy.drill.plane import Api, Object

PACKAGES = {
    "argo-rollouts": "0.3.2",
    "gateway-api": "0.5.1",
}  # of @kubernetes-models at npm, the newest with schemas as text
SCHEMA = re.compile(r"^const schema = (\{.*?^\});", re.MULTILINE | re.DOTALL)
KINDS = {
    "Rollout": ("argo-rollouts", "argoproj.io", "v1alpha1", "rollouts"),
    "AnalysisTemplate": ("argo-rollouts", "argoproj.io", "v1alpha1", "analysistemplates"),
    "HTTPRoute": ("gateway-api", "gateway.networking.k8s.io", "v1", "httproutes"),
}
APPROVAL = {"api-approved.kubernetes.io": "unapproved, a drill"}
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def define_resources(api: Api, folder: Path) -> None:
    """Create the definitions of all kinds that the chart and `ci/argo` use."""
    for package, version in PACKAGES.items():
        named = f"@kubernetes-models/{package}@{version}"
        subprocess.run(["npm", "pack", "--silent", named], cwd=folder, check=True, capture_output=True)
        with tarfile.open(folder / f"kubernetes-models-{package}-{version}.tgz") as archive:
            archive.extractall(folder / package, filter="data")
    for kind, (package, group, version, plural) in KINDS.items():
        text = (folder / package / "package" / group / version / f"{kind}.js").read_text()
        found = SCHEMA.search(text)
        assert found, kind
        schema = _simplify(json.loads(found[1]))
        _define(
            api, kind, group, version, plural, {"type": "object", "properties": {"spec": schema["properties"]["spec"]}}
        )
    # Its project has no package: the fields of this one are held to our own reading alone.
    driver = ("SecretProviderClass", "secrets-store.csi.x-k8s.io", "v1", "secretproviderclasses")
    _define(api, *driver, {"type": "object", "properties": {"spec": OPEN}})


def _define(api: Api, kind: str, group: str, version: str, plural: str, schema: Object) -> None:
    names = {"kind": kind, "plural": plural, "singular": kind.lower()}
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {"group": group, "names": names, "scope": "Namespaced", "versions": [served]}
    body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}", "annotations": APPROVAL},
            "spec": spec}  # fmt: skip
    api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)


def _simplify(schema: Any) -> Any:
    """Return a schema as a server of 1.20 takes it: types and required fields stay, and what it does not know goes."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema or "oneOf" in schema or "anyOf" in schema:
        return {"x-kubernetes-preserve-unknown-fields": True}
    kept = {name: schema[name] for name in ("type", "enum", "required", "minimum", "maximum") if name in schema}
    if "properties" in schema:
        kept |= {"type": "object", "properties": {k: _simplify(each) for k, each in schema["properties"].items()}}
    if "items" in schema:
        kept |= {"type": "array", "items": _simplify(schema["items"])}
    if isinstance(schema.get("additionalProperties"), dict):
        kept |= {"type": "object", "additionalProperties": _simplify(schema["additionalProperties"])}
    return kept if "type" in kept else {"x-kubernetes-preserve-unknown-fields": True}
