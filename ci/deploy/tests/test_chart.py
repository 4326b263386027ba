"""The chart makes objects that clusters take, pods that are restricted, and traffic only where it was decided."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ci.deploy.tests.conftest import CHART, RELEASE, VALUES, Manifest, Render, find, pod_templates, run, template

CLUSTERS = [f"1.{minor}" for minor in range(30, 38)]
STAGING = CHART / "values" / "staging.yaml"
ALL_KINDS = ("staging", "canary")  # between them, every template in every branch but the secrets of GKE
DIGEST = re.compile(r"[^:@]+@sha256:[0-9a-f]{64}")
TEXT = {"type": "string", "minLength": 1}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}


def closed(required: Mapping[str, Any], **optional: Any) -> dict[str, Any]:
    """Return the schema of an object that has these keys and no others."""
    properties = {**required, **optional}
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def several(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": items}


PATH = closed({"type": {"enum": ["PathPrefix"]}, "value": TEXT})
REWRITE = closed({"path": closed({"type": {"enum": ["ReplacePrefixMatch"]}, "replacePrefixMatch": TEXT})})
BACKEND = closed({"name": TEXT, "port": PORT, "weight": {"type": "integer", "minimum": 0, "maximum": 100}})
META = closed({"name": TEXT, "labels": {"type": "object"}})
CUSTOM = {  # our own reading of the fields that we use: kubernetes-validate knows no custom resources
    "HTTPRoute": closed(
        {
            "apiVersion": {"const": "gateway.networking.k8s.io/v1"},
            "kind": {},
            "metadata": META,
            "spec": closed(
                {
                    "parentRefs": several(closed({"name": TEXT, "namespace": TEXT})),
                    "hostnames": several(TEXT),
                    "rules": several(
                        closed(
                            {
                                "matches": several(closed({"path": PATH})),
                                "filters": several(closed({"type": {"const": "URLRewrite"}, "urlRewrite": REWRITE})),
                                "backendRefs": several(BACKEND),
                            }
                        )
                    ),
                }
            ),
        }
    ),
    "SecretProviderClass": closed(
        {
            "apiVersion": {"const": "secrets-store.csi.x-k8s.io/v1"},
            "kind": {},
            "metadata": META,
            "spec": closed(
                {
                    "provider": {"enum": ["azure", "gcp"]},
                    "secretObjects": several(
                        closed(
                            {
                                "secretName": TEXT,
                                "type": {"const": "Opaque"},
                                "data": several(closed({"objectName": TEXT, "key": TEXT})),
                            }
                        )
                    ),
                    "parameters": {"type": "object", "additionalProperties": TEXT},
                }
            ),
        }
    ),
}


@pytest.mark.parametrize("values", VALUES)
def test_helm_lints_each_file_of_values(values: str) -> None:
    done = run("helm", "lint", "--strict", CHART, "-f", CHART / "values" / f"{values}.yaml")

    assert 0 == done.returncode, done.stdout + done.stderr


def test_each_cluster_takes_objects_of_every_kind_and_no_misspelt_field(render: Render, tmp_path: Path) -> None:
    objects = {yaml.safe_dump(each): each for values in ALL_KINDS for each in render(values)}
    right, wrong = tmp_path / "objects.yaml", tmp_path / "wrong.yaml"
    right.write_text(yaml.safe_dump_all(objects.values()))
    wrong.write_text(yaml.safe_dump(_misspell(find(render("staging"), "Deployment", "fraud-blue"))))

    clusters = [word for cluster in CLUSTERS for word in ("-k", cluster)]
    done = run("kubernetes-validate", *clusters, "--strict", right, wrong)

    refused = [line for line in done.stdout.splitlines() if line.startswith(("ERROR", "FATAL"))]
    assert len(CLUSTERS) == len(refused)
    for cluster, line in zip(CLUSTERS, refused, strict=True):
        assert line.startswith(f"ERROR {wrong} ")
        assert f"against version {cluster}: " in line
        assert "readynessProbe" in line
        unknown = re.findall(rf"find schema for kind (\w+) .* version {re.escape(cluster)}\n", done.stdout)
        assert set(CUSTOM) == set(unknown)
        assert len(objects) - len(unknown) == done.stdout.count(f"against version {cluster}\n")


def _misspell(deployment: Manifest) -> Manifest:
    wrong: Manifest = yaml.safe_load(yaml.safe_dump(deployment))
    wrong["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    return wrong


@pytest.mark.parametrize("values", VALUES)
def test_custom_resources_have_the_fields_we_read_in_their_definitions(values: str, render: Render) -> None:
    for each in render(values):
        if each["kind"] in CUSTOM:
            jsonschema.validate(each, CUSTOM[each["kind"]])


@pytest.mark.parametrize("values", VALUES)
def test_every_pod_is_restricted_and_every_image_pinned_by_digest(values: str, render: Render) -> None:
    for where, pod in pod_templates(render(values)).items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, where
        assert {"type": "RuntimeDefault"} == spec["securityContext"]["seccompProfile"], where
        assert spec["automountServiceAccountToken"] is False, where
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), where
        assert not any("hostPath" in volume for volume in spec.get("volumes", [])), where
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, where
            assert security["readOnlyRootFilesystem"] is True, where
            assert {"drop": ["ALL"]} == security["capabilities"], where
            assert DIGEST.fullmatch(container["image"]), where
            assert {"requests", "limits"} == set(container["resources"]), where


@pytest.mark.parametrize("values", VALUES)
def test_secrets_are_named_and_never_written(values: str, render: Render) -> None:
    manifests = render(values)

    assert not [each for each in manifests if each["kind"] == "Secret"]
    for where, pod in pod_templates(manifests).items():
        for container in pod["spec"]["containers"]:
            plain = [each["name"] for each in container.get("env", []) if "value" in each]
            assert not [name for name in plain if re.search("KEY|TOKEN|SECRET|PASSWORD|STORE_URL", name)], where


def test_a_secret_in_plain_sight_is_refused() -> None:
    done = template("staging", "--set", "services.fraud.env.API_KEY=hunter2")

    assert 0 != done.returncode
    assert "API_KEY" in done.stderr


@pytest.mark.parametrize("values", ["blue", "green", "canary", "gke"])
def test_each_slot_is_ready_by_itself_scales_and_survives_a_drain(values: str, render: Render) -> None:
    manifests = render(values)

    for name in ("fraud-blue", "fraud-green"):
        (container,) = find(manifests, "Deployment", name)["spec"]["template"]["spec"]["containers"]
        scaler = find(manifests, "HorizontalPodAutoscaler", name)["spec"]
        budget = find(manifests, "PodDisruptionBudget", name)["spec"]
        assert {"path": "/readyz", "port": "http"} == container["readinessProbe"]["httpGet"]
        assert (4, 20) == (scaler["minReplicas"], scaler["maxReplicas"])
        assert f"{RELEASE}-{name}" == scaler["scaleTargetRef"]["name"]
        assert 1 == budget["maxUnavailable"]
        labels = find(manifests, "Deployment", name)["spec"]["template"]["metadata"]["labels"]
        assert budget["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(("values", "active"), [("blue", "blue"), ("green", "green"), ("canary", "blue")])
def test_the_service_selects_the_active_slot_alone(values: str, active: str, render: Render) -> None:
    manifests = render(values)

    selector = find(manifests, "Service", "fraud")["spec"]["selector"]
    chosen = [
        where
        for where, pod in pod_templates(manifests).items()
        if selector.items() <= pod["metadata"]["labels"].items()
    ]

    assert [f"Deployment/{RELEASE}-fraud-{active}"] == chosen


@pytest.mark.parametrize(
    ("values", "weights"),
    [("blue", {"blue": 100}), ("green", {"green": 100}), ("canary", {"blue": 95, "green": 5})],
)
def test_the_route_divides_the_traffic_as_the_values_say(values: str, weights: dict[str, int], render: Render) -> None:
    (rule,) = find(render(values), "HTTPRoute", "fraud")["spec"]["rules"]

    assert {f"{RELEASE}-fraud-{slot}": weight for slot, weight in weights.items()} == {
        each["name"]: each["weight"] for each in rule["backendRefs"]
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["services.fraud.canary.percent=4"], "percent"),
        (["services.fraud.canary.percent=50"], "percent"),
        (["services.fraud.canary.slot=blue"], "blue is the active slot"),
        (["services.fraud.slots.green=null"], "pin it there"),
        (["gateway.enabled=false"], "a Service knows no weights"),
        (["services.fraud.slots.green.model=models:/fraud@champion"], "model"),
        (["services.fraud.slots.green.digest="], "digest"),
        (["services.fraud.slots.green.digest=sha256:ab"], "digest"),
        (["services.fraud.slots.green.image=latest"], "image"),
        (["services.fraud.replicas.min=1"], "min"),
        (["services.fraud.actve=green"], "actve"),
        (["secrets.azure.keyVault="], "keyVault"),
    ],
)
def test_values_that_would_serve_what_nobody_decided_are_refused(options: list[str], message: str) -> None:
    done = template("canary", *(word for option in options for word in ("--set", option)))

    assert 0 != done.returncode
    assert message in done.stderr


def test_a_misspelt_key_is_refused_wherever_keys_are_not_the_user_s_own() -> None:
    values = _merge(*(yaml.safe_load(path.read_text()) for path in (CHART / "values.yaml", STAGING)))
    checker = jsonschema.Draft202012Validator(json.loads((CHART / "values.schema.json").read_text()))
    assert not list(checker.iter_errors(values))

    taken = []
    for place in list(_objects(values)):
        wrong = yaml.safe_load(yaml.safe_dump(values))
        reduce(lambda each, key: each[key], place, wrong)["misspelt"] = "x"
        if not list(checker.iter_errors(wrong)):
            taken.append(place)

    assert {"env", "secretEnv", "annotations", "labels", "monitoring", "ingress"} == {place[-1] for place in taken}


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return values as helm lays one file over another."""
    both = {
        name: _merge(below[name], each) for name, each in above.items() if isinstance(each, dict) and below.get(name)
    }
    return {**below, **above, **both}


def _objects(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the places of all objects within a value."""
    if isinstance(value, dict):
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from _objects(each, (*place, key))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("redis.storge=1Gi", "storge"),
        ("redis.image.digest=latest", "digest"),
        ("services.fraud.resources.limit.memory=1Gi", "limit"),
        ("services.fraud.resources.limits.memroy=1Gi", "memroy"),
        ("network.egress[0].prots[0].port=443", "prots"),
    ],
)
def test_helm_refuses_a_misspelt_key_below_a_service(option: str, message: str) -> None:
    done = template("staging", "--set", option)

    assert 0 != done.returncode
    assert message in done.stderr


def test_all_pods_are_closed_to_what_no_policy_names(render: Render) -> None:
    manifests = render("blue")
    policies = [each["spec"] for each in manifests if each["kind"] == "NetworkPolicy"]

    everywhere = [each for each in policies if {"app.kubernetes.io/instance": RELEASE} == _selected(each)]
    (default,) = everywhere
    (fraud,) = [each for each in policies if _selected(each).get("app.kubernetes.io/name") == "fraud"]

    assert {"Ingress", "Egress"} == set(default["policyTypes"])
    assert "ingress" not in default
    assert [{"protocol": "TCP", "port": 8000}] == [port for rule in fraud["ingress"] for port in rule["ports"]]
    assert all(pod["metadata"]["labels"]["app.kubernetes.io/instance"] == RELEASE for pod in _pods(manifests))


def _selected(policy: Manifest) -> dict[str, str]:
    return policy["podSelector"]["matchLabels"]  # type: ignore[no-any-return]


def _pods(manifests: list[Manifest]) -> list[Manifest]:
    return list(pod_templates(manifests).values())


def test_a_stage_without_redis_or_control_plane_has_neither(render: Render) -> None:
    staging, production = render("staging"), render("blue")

    assert {"StatefulSet"} <= {each["kind"] for each in staging}
    assert find(staging, "Deployment", "control")
    assert "StatefulSet" not in {each["kind"] for each in production}
    assert f"{RELEASE}-control" not in {each["metadata"]["name"] for each in production}
