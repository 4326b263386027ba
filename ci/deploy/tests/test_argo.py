"""Argo's objects have its fields, stop where nothing is known, and ask about the digest that the pods serve."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ci.deploy.tests.conftest import CI, RELEASE, Manifest, Render, find, run
from ci.deploy.tests.test_chart import TEXT, closed, several

ARGO = CI / "argo"
OURS, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
COUNT = {"type": "integer", "minimum": 0}
SECONDS = {"type": "string", "pattern": "^[0-9]+[smh]$"}
NAMED = {"type": "object", "required": ["name"], "additionalProperties": False, "properties": {"name": TEXT}}
TO_SECRET = closed({"secretKeyRef": closed({"name": TEXT, "key": TEXT})})
TO_FIELD = closed({"fieldRef": closed({"fieldPath": TEXT})})
WEB = closed({"url": TEXT}, method={"const": "GET"}, timeoutSeconds=COUNT, jsonPath=TEXT,
             headers=several(closed({"key": TEXT, "value": TEXT})))  # fmt: skip
PROMETHEUS = closed({"address": TEXT, "query": TEXT}, timeout=COUNT)
JOB = closed(
    {"spec": closed({"backoffLimit": {"const": 0}, "activeDeadlineSeconds": COUNT, "template": {"type": "object"}})}
)
LIMITS = {"failureLimit": {"const": 0}, "inconclusiveLimit": {"const": 0}, "consecutiveErrorLimit": COUNT}
METRIC = closed({"name": TEXT, "provider": {"type": "object"}, "count": {"type": "integer", "minimum": 1}, **LIMITS},
                interval=SECONDS, successCondition=TEXT, failureCondition=TEXT)  # fmt: skip
JUDGED = {**METRIC, "required": [*METRIC["required"], "successCondition", "failureCondition"]}


def measured_by(provider: str, schema: Mapping[str, Any], metric: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a metric of one provider."""
    return {"allOf": [metric, {"properties": {"provider": closed({provider: schema})}}]}


ANALYSIS = closed(
    {
        "apiVersion": {"const": "argoproj.io/v1alpha1"},
        "kind": {"const": "AnalysisTemplate"},
        "metadata": NAMED,
        "spec": closed(
            {
                "args": several(closed({"name": TEXT}, valueFrom=TO_SECRET)),
                "metrics": several(
                    {
                        "anyOf": [
                            measured_by("web", WEB, JUDGED),
                            measured_by("prometheus", PROMETHEUS, JUDGED),
                            measured_by("job", JOB, METRIC),
                        ]
                    }
                ),
            }
        ),
    }
)
ANALYSED = closed({"templates": several(closed({"templateName": TEXT})),
                   "args": several(closed({"name": TEXT, "valueFrom": TO_FIELD}))})  # fmt: skip
STEP = {
    "anyOf": [
        closed({"setWeight": {"type": "integer", "minimum": 5, "maximum": 10}}),
        closed({"pause": closed({"duration": SECONDS})}),
        closed({"analysis": ANALYSED}),
    ]
}
CANARY = closed(
    {
        "stableService": TEXT, "canaryService": TEXT, "maxSurge": COUNT, "maxUnavailable": {"const": 0},
        "trafficRouting": closed({"plugins": {"type": "object"}}), "steps": several(STEP),
    }
)  # fmt: skip
ROLLOUT = closed(
    {
        "apiVersion": {"const": "argoproj.io/v1alpha1"},
        "kind": {"const": "Rollout"},
        "metadata": closed({"name": TEXT, "annotations": {"type": "object"}}),
        "spec": closed(
            {
                "selector": closed({"matchLabels": {"type": "object"}}),
                "workloadRef": closed(
                    {"apiVersion": {"const": "apps/v1"}, "kind": {"const": "Deployment"}, "name": TEXT},
                    scaleDown={"enum": ["never", "onsuccess", "progressively"]},
                ),
                "strategy": closed({"canary": CANARY}),
            },
            revisionHistoryLimit=COUNT, progressDeadlineSeconds=COUNT, progressDeadlineAbort={"type": "boolean"},
        ),
    }
)  # fmt: skip
SCHEMAS = {"AnalysisTemplate": ANALYSIS, "Rollout": ROLLOUT}


def objects() -> list[Manifest]:
    texts = [(ARGO / name).read_text() for name in ("rollout.yaml", "analysis.yaml")]
    return [each for text in texts for each in yaml.safe_load_all(text)]


def metric(template: str, name: str) -> Manifest:
    """Return a metric of a template, for our digest."""
    (found,) = [each for each in objects() if each["metadata"]["name"] == template]
    (chosen,) = [each for each in found["spec"]["metrics"] if each["name"] == name]
    return yaml.safe_load(yaml.safe_dump(chosen).replace("{{args.digest}}", OURS))  # type: ignore[no-any-return]


@pytest.mark.parametrize("each", objects(), ids=lambda each: each["metadata"]["name"])
def test_each_object_has_the_fields_that_argo_knows_and_the_limits_that_stop(each: Manifest) -> None:
    jsonschema.validate(each, SCHEMAS[each["kind"]])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("failureLimitt",), 0),
        (("failureLimit",), 1),
        (("inconclusiveLimit",), 1),
        (("consecutiveErrorLimit",), None),
        (("count",), None),
        (("successCondition",), None),
        (("failureCondition",), None),
    ],
)
def test_a_metric_that_would_let_pass_what_is_unknown_is_refused(place: tuple[str], value: object) -> None:
    (template,) = [each for each in objects() if each["metadata"]["name"] == "fraud-gate"]
    chosen = template["spec"]["metrics"][0]
    chosen.pop(place[0], None)
    if value is not None:
        chosen[place[0]] = value

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(template, ANALYSIS)


def test_a_weight_that_is_text_or_too_large_is_refused() -> None:
    (rollout,) = [each for each in objects() if each["kind"] == "Rollout"]
    for weight in ("5", 50):
        rollout["spec"]["strategy"]["canary"]["steps"][0]["setWeight"] = weight
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(rollout, ROLLOUT)


def test_the_rollout_runs_the_chart_s_pods_between_the_chart_s_services(render: Render) -> None:
    (rollout,) = [each for each in objects() if each["kind"] == "Rollout"]
    manifests, canary = render("argo"), rollout["spec"]["strategy"]["canary"]
    deployment = find(manifests, "Deployment", "fraud-blue")
    route = find(manifests, "HTTPRoute", "fraud")["spec"]["rules"][0]["backendRefs"]

    assert deployment["metadata"]["name"] == rollout["spec"]["workloadRef"]["name"] == rollout["metadata"]["name"]
    assert 0 == deployment["spec"]["replicas"]
    assert deployment["spec"]["selector"] == rollout["spec"]["selector"]
    assert {canary["stableService"]: 100, canary["canaryService"]: 0} == {
        each["name"]: each["weight"] for each in route
    }
    assert {each["name"] for each in route} < {
        each["metadata"]["name"] for each in manifests if each["kind"] == "Service"
    }
    scaled = find(manifests, "HorizontalPodAutoscaler", "fraud-blue")["spec"]["scaleTargetRef"]
    assert {"apiVersion": rollout["apiVersion"], "kind": "Rollout", "name": rollout["metadata"]["name"]} == scaled


def test_every_analysis_is_about_the_digest_that_the_pods_are_pinned_to(render: Render) -> None:
    (rollout,) = [each for each in objects() if each["kind"] == "Rollout"]
    pod = find(render("argo"), "Deployment", "fraud-blue")["spec"]["template"]
    steps = rollout["spec"]["strategy"]["canary"]["steps"]
    asked = [step["analysis"] for step in steps if "analysis" in step]
    offered = {each["metadata"]["name"] for each in objects() if each["kind"] == "AnalysisTemplate"}

    name = "promotion-harness/digest"
    assert pod["metadata"]["annotations"][name] == rollout["metadata"]["annotations"][name]
    assert offered == {template["templateName"] for each in asked for template in each["templates"]}
    for each in asked:
        assert "fraud-gate" in {template["templateName"] for template in each["templates"]}
        assert [f"metadata.annotations['{name}']"] == [
            arg["valueFrom"]["fieldRef"]["fieldPath"] for arg in each["args"]
        ]
    for template in objects():
        for chosen in template["spec"].get("metrics", []):
            assert "{{args.digest}}" in yaml.safe_dump(chosen), chosen["name"]


def outcome(chosen: Mapping[str, Any], result: Any) -> str:
    """Return what Argo makes of a result: as it reads both conditions, fail wins, and neither is inconclusive."""
    if _holds(chosen["failureCondition"], result):
        return "failed"
    return "successful" if _holds(chosen["successCondition"], result) else "inconclusive"


def _holds(condition: str, result: Any) -> bool:
    """Evaluate a condition of the few words that ours have; `a.b` is a key of an object."""
    text = re.sub(r"result\.(\w+)", r"result['\1']", condition).replace("&&", " and ").replace("||", " or ")
    text = text.replace("!isNaN", "not isNaN").replace("false", "False")
    return bool(eval(text, {"__builtins__": {}}, {"result": result, "len": len, "isNaN": math.isnan}))


@pytest.mark.parametrize(
    ("result", "becomes"),
    [
        ({"verdict": "pass", "digest": OURS}, "successful"),
        ({"verdict": "fail", "digest": OURS}, "failed"),
        ({"verdict": "inconclusive", "digest": OURS}, "inconclusive"),
        ({"verdict": "pass", "digest": OTHER}, "failed"),
        ({"verdict": "PASS", "digest": OURS}, "inconclusive"),
        ({"verdict": "", "digest": OURS}, "inconclusive"),
    ],
)
def test_the_gate_s_answer_becomes_what_it_says(result: Any, becomes: str) -> None:
    assert becomes == outcome(metric("fraud-gate", "gate"), result)


@pytest.mark.parametrize(
    ("name", "result", "becomes"),
    [
        ("requests", [1000.0], "successful"),
        ("requests", [999.0], "inconclusive"),
        ("requests", [], "inconclusive"),
        ("failed-share", [0.01], "successful"),
        ("failed-share", [0.011], "failed"),
        ("failed-share", [math.nan], "inconclusive"),
        ("failed-share", [], "inconclusive"),
    ],
)
def test_what_nobody_counted_stops_for_a_person(name: str, result: list[float], becomes: str) -> None:
    assert becomes == outcome(metric("fraud-canary", name), result)


SERIES = {
    f'fraud_model{{pod="old", version="models:/fraud/1", digest="{OTHER}"}}': "1x60",
    f'fraud_model{{pod="new", version="models:/fraud/2", digest="{OURS}"}}': "1x60",
    'fraud_requests_total{pod="old", path="/v1/score", status="200"}': "0+6000x60",
    'fraud_requests_total{pod="old", path="/v1/score", status="503"}': "0+3000x60",
    'fraud_requests_total{pod="new", path="/v1/score", status="200"}': "0+96x60",
    'fraud_requests_total{pod="new", path="/v1/score", status="503"}': "0+4x60",
}


@pytest.mark.parametrize(
    ("series", "requests", "share"),
    [(SERIES, [3000], [0.04]), ({name: SERIES[name] for name in SERIES if 'pod="old"' in name}, [], [])],
    ids=["both arms", "no canary"],
)
def test_prometheus_answers_about_the_canary_s_pods_alone(
    series: dict[str, str], requests: list[float], share: list[float], tmp_path: Path
) -> None:
    asked = {
        name: metric("fraud-canary", name)["provider"]["prometheus"]["query"] for name in ("requests", "failed-share")
    }
    expected = {"requests": requests, "failed-share": share}
    tests = [
        {"expr": asked[name], "eval_time": "40m", "exp_samples": [{"labels": "{}", "value": each} for each in found]}
        for name, found in expected.items()
    ]
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    (tmp_path / "none.yml").write_text("groups: []\n")
    unit = {
        "rule_files": ["none.yml"],
        "tests": [{"interval": "1m", "input_series": inputs, "promql_expr_test": tests}],
    }
    (tmp_path / "unit.yml").write_text(yaml.safe_dump(unit))

    done = run("promtool", "test", "rules", "unit.yml", cwd=tmp_path)

    assert 0 == done.returncode, done.stdout + done.stderr


def test_the_job_s_gate_asks_once_and_its_pod_is_restricted() -> None:
    job = metric("fraud-job-gate", "gate-by-job")["provider"]["job"]["spec"]
    pod = job["template"]["spec"]
    (container,) = pod["containers"]

    assert (0, "Never") == (job["backoffLimit"], pod["restartPolicy"])
    assert ["harness", "gate", "production", "--candidate", OURS] == container["command"][:5]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert {"drop": ["ALL"]} == container["securityContext"]["capabilities"]
    assert RELEASE == job["template"]["metadata"]["labels"]["app.kubernetes.io/instance"]


@pytest.mark.parametrize("name", ["flagger", "kserve"])
def test_variants_are_read_only_and_say_so(name: str) -> None:
    text = (ARGO / "variants" / f"{name}.yaml").read_text()

    assert text.startswith("# For reading: never run")
    assert yaml.safe_load(text)["spec"]
