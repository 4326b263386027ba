"""Finds what Argo Rollouts serves without a promotion, or without the analyses that its steps name. Pure.

Argo says of a metric that was terminated that it is successful, and `promote --full` and rollback windows skip
analyses; so what is served is held to the signed record, and a run of an analysis counts by its measurements alone.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import HarnessError
from harness.promotion.auditing import Finding
from harness.values.identity import is_digest

ANNOTATION = "promotion-harness/digest"
HASH = "rollouts-pod-template-hash"
IMAGE = re.compile(r"@(sha256:[0-9a-f]{64})$")
GET = "kubectl get rollouts,analysisruns -A -o json"


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """What one Rollout serves: the digests that it names, and whether it is led there whole."""

    name: str
    digests: tuple[str, ...]
    is_whole: bool
    is_skipped: bool
    analyses: bool
    runs: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def audit_rollouts(text: str, promoted: Mapping[str, str]) -> Sequence[Finding]:
    """Return what no promotion explains in the output of kubectl; `promoted` are stages by the digest promoted there.

    HarnessError where the text is not such an output, or holds no Rollout.
    """
    return [
        Finding(stage=f"rollout {each.name}", text=found)
        for each in read_rollouts(text)
        for found in _find(each, promoted)
    ]


def _find(rollout: Rollout, promoted: Mapping[str, str]) -> Iterator[str]:
    if rollout.is_skipped:
        yield "`promote --full` skips its pauses and analyses; abort it, or promote it by its gate"
    if not rollout.is_whole:
        return  # its canary is under way, and is promoted last
    if not rollout.digests:
        yield f"serves something that names no digest; annotate it with {ANNOTATION}"
    for digest in rollout.digests:
        if not is_digest(digest):
            yield f"names {digest!r}, which is no digest; give sha256: and 64 hexadecimal digits"
        elif digest not in promoted:
            known = "; ".join(f"{stage} has {each}" for each, stage in promoted.items()) or "nobody is"
            yield f"serves {digest}, whom no trusted statement promotes ({known}); promote it by its gate, or roll back"
    if rollout.analyses and not any(map(_is_measured, rollout.runs)):
        why = "they were skipped (`promote --full`, a rollback window), terminated, or are not in this file"
        yield f"no analysis that measured anything passed for what it serves: {why}; write it by `{GET}`"


def _is_measured(run: Mapping[str, Any]) -> bool:
    """Tell whether each metric of a run that succeeded measured something, and that went well."""
    status = _dict(run.get("status"))
    results = [each for each in _list(status.get("metricResults")) if not each.get("dryRun")]
    good = [each for each in results if each.get("phase") == "Successful" and _count(each.get("successful")) > 0]
    return status.get("phase") == "Successful" and bool(results) and len(good) == len(results)


def read_rollouts(text: str) -> Sequence[Rollout]:
    """Return the Rollouts of an output of kubectl, each with the runs of its analyses."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise HarnessError(f"the rollouts are no JSON: {error}; write them by `{GET}`") from error
    found = _dict(document)
    items = _list(found.get("items")) if str(found.get("kind", "")).endswith("List") else [found]
    runs = [each for each in items if each.get("kind") == "AnalysisRun"]
    rollouts = [_read(each, runs) for each in items if each.get("kind") == "Rollout"]
    if not rollouts:
        raise HarnessError(f"there is no Rollout among {len(items)} objects; write them by `{GET}`")
    return rollouts


def _read(item: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> Rollout:
    about, spec, status = (_dict(item.get(name)) for name in ("metadata", "spec", "status"))
    template = _dict(spec.get("template"))
    noted = [_dict(each.get("annotations")).get(ANNOTATION) for each in (about, _dict(template.get("metadata")))]
    containers = _list(_dict(template.get("spec")).get("containers"))
    images = [found[1] for each in containers if (found := IMAGE.search(str(each.get("image", ""))))]
    current = status.get("currentPodHash")
    return Rollout(
        name=f"{about.get('namespace', 'default')}/{about.get('name')}",
        digests=tuple(dict.fromkeys(map(str, filter(None, noted)))) or tuple(images),
        is_whole=not current or status.get("stableRS") in (None, "", current),
        is_skipped=bool(status.get("promoteFull")),
        analyses="analysis" in json.dumps(spec.get("strategy") or {}).lower(),
        runs=[run for run in runs if _is_of(run, about, current)],
    )


def _is_of(run: Mapping[str, Any], rollout: Mapping[str, Any], current: object) -> bool:
    about = _dict(run.get("metadata"))
    owners = [each.get("name") for each in _list(about.get("ownerReferences")) if each.get("kind") == "Rollout"]
    same = about.get("namespace") == rollout.get("namespace") and owners == [rollout.get("name")]
    return same and bool(current) and _dict(about.get("labels")).get(HASH) == current


def _dict(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _list(found: object) -> Sequence[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _count(found: object) -> int:
    return found if isinstance(found, int) else 0
