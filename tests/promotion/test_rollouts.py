"""What Argo Rollouts serves is promoted by a trusted statement, and passed analyses that measured, or is found."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Command
from harness.errors import HarnessError
from harness.files import write_atomic
from harness.promotion.rollouts import ANNOTATION, HASH, audit_rollouts
from tests.support.promotions import open_shop

OURS, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
PROMOTED = {OURS: "production"}


def rollout(digest: str = OURS, **status: object) -> dict[str, Any]:
    """Return a Rollout as kubectl prints it, whose steps name an analysis."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "fraud", "namespace": "ml", "annotations": {ANNOTATION: digest}},
        "spec": {"strategy": {"canary": {"steps": [{"analysis": {"templates": [{"templateName": "gate"}]}}]}}},
        "status": {"currentPodHash": "abc", "stableRS": "abc", "phase": "Healthy", **status},
    }


def analysis(successful: int = 1, phase: str = "Successful", of: str = "abc") -> dict[str, Any]:
    result = {"name": "gate", "phase": phase, "successful": successful}
    owner = {"kind": "Rollout", "name": "fraud"}
    about = {"name": "r", "namespace": "ml", "labels": {HASH: of}, "ownerReferences": [owner]}
    return {"kind": "AnalysisRun", "metadata": about, "status": {"phase": phase, "metricResults": [result]}}


def found(*items: dict[str, Any]) -> list[str]:
    return [str(each) for each in audit_rollouts(json.dumps({"kind": "List", "items": items}), PROMOTED)]


def test_a_rollout_of_who_is_promoted_whose_analyses_measured_is_explained() -> None:
    assert [] == found(rollout(), analysis())


def test_a_rollout_of_somebody_whom_nobody_promoted_is_found() -> None:
    (text,) = found(rollout(OTHER), analysis())

    assert text.startswith(f"rollout ml/fraud: serves {OTHER}, whom no trusted statement promotes")
    assert f"production has {OURS}" in text


def test_a_canary_under_way_is_promoted_last() -> None:
    assert [] == found(rollout(OTHER, stableRS="before"))


def test_a_promotion_that_skips_everything_is_found_while_it_goes_on() -> None:
    (text,) = found(rollout(OTHER, stableRS="before", promoteFull=True))

    assert "`promote --full` skips" in text


@pytest.mark.parametrize(
    "runs",
    [
        [],
        [analysis(successful=0)],  # terminated: Argo says Successful
        [analysis(of="before")],
        [analysis(phase="Inconclusive")],
        [{**analysis(), "status": {"phase": "Successful"}}],
        [{**analysis(), "metadata": {}}],
    ],
)
def test_analyses_that_were_skipped_or_terminated_or_are_of_others_are_found(runs: list[dict[str, Any]]) -> None:
    (text,) = found(rollout(), *runs)

    assert "no analysis that measured anything passed" in text


def test_a_rollout_that_asks_no_analysis_needs_none_and_one_without_a_status_is_whole() -> None:
    plain = rollout(OTHER)
    plain["spec"], plain["status"] = {}, {}

    (text,) = found(plain)

    assert "whom no trusted statement promotes" in text


@pytest.mark.parametrize("digest", ["", "latest", "sha256:1"])
def test_a_rollout_that_names_no_digest_is_found(digest: str) -> None:
    (text,) = found(rollout(digest), analysis())

    assert "names no digest" in text or "which is no digest" in text


def test_a_digest_may_stand_in_the_template_or_in_the_image() -> None:
    noted, pulled = copy.deepcopy(rollout("")), copy.deepcopy(rollout(""))
    noted["spec"]["template"] = {"metadata": {"annotations": {ANNOTATION: OTHER}}}
    pulled["spec"]["template"] = {"spec": {"containers": [{"image": f"acme/fraud@{OTHER}"}]}}

    for each in (noted, pulled):
        assert OTHER in found(each, analysis())[0]


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "{", '{"kind": "List", "items": []}', '{"kind": "List", "items": [1]}']
)
def test_what_is_no_output_of_kubectl_is_refused(text: str) -> None:
    with pytest.raises(HarnessError, match="kubectl get rollouts"):
        audit_rollouts(text, PROMOTED)


def test_audit_lists_rollouts_without_a_statement_beside_its_stages(
    project: Path, harness: Command, tmp_path: Path
) -> None:
    shop = open_shop(project, harness)
    write_atomic(shop.pointer, json.dumps({"revision": "m1", "digest": shop.digest("m1")}))
    shop.judge("m2", "m1")
    file = tmp_path / "rollouts.json"

    def audit(digest: str) -> tuple[int, str]:
        file.write_text(json.dumps({"kind": "List", "items": [rollout(digest), analysis()]}))
        done = shop.audit("--rollouts", file)
        return done.code, done.out

    before = audit(shop.digest("m1"))
    assert 0 == shop.promote("m2").code
    served, other = audit(shop.digest("m2")), audit(OTHER)

    assert (1, True) == (before[0], "no trusted statement promotes (nobody is)" in before[1])
    assert 0 == served[0]
    assert (1, True) == (other[0], f"FOUND  rollout ml/fraud: serves {OTHER}" in other[1])
