"""Pushes and pull requests of GitHub and GitLab become events of code; keys are of signed content alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness_ci.events import Event
from harness_ci.pipelines import TargetPipeline
from harness_ci.triggers.reading import pick, pick_commit

PULLED = ("opened", "synchronize", "reopened")
Targets = Mapping[str, TargetPipeline]


def read_github(name: str, payload: Mapping[str, Any], targets: Targets) -> Iterator[Event]:
    """Yield the events of a GitHub delivery, by the name of its event; the others of GitHub are none."""
    if name not in ("push", "pull_request"):
        return
    repository = pick(payload, "repository", "full_name")
    for target, pipeline in targets.items():
        if pipeline.repository.github == repository:
            read = _read_push if name == "push" else _read_pull_request
            yield from read(payload, target, pipeline, f"github:{repository}")


def _read_push(payload: Mapping[str, Any], target: str, pipeline: TargetPipeline, source: str) -> Iterator[Event]:
    """Yield the event of a push to the protected branch; one that deletes it is none."""
    ref, before, after = pick(payload, "ref"), pick_commit(payload, "before"), pick_commit(payload, "after")
    if ref == f"refs/heads/{pipeline.repository.branch}" and set(after) != {"0"}:
        key = f"{target}:{source}:{ref}:{before}:{after}"
        yield Event(key=key, kind="code", target=target, subject=f"push of {after[:12]}", revision=after)


def _read_pull_request(
    payload: Mapping[str, Any], target: str, pipeline: TargetPipeline, source: str
) -> Iterator[Event]:
    """Yield the event of a pull request into the protected branch that is new or changed."""
    number = pick(payload, "pull_request", "number", kind=int)
    head, base = (pick_commit(payload, "pull_request", side, "sha") for side in ("head", "base"))
    into = pick(payload, "pull_request", "base", "ref")
    if pick(payload, "action") not in PULLED or into != pipeline.repository.branch:
        return
    head_of = (payload["pull_request"]["head"].get("repo") or {}).get("full_name")  # a fork may be gone
    fork = head_of != pick(payload, "pull_request", "base", "repo", "full_name")
    key = f"{target}:{source}:pull:{number}:{base}:{head}"
    yield Event(
        key=key, kind="code", target=target, subject=f"pull request {number}", revision=head, base=base,
        pull=number, fork=fork,
    )  # fmt: skip


def read_gitlab(payload: Mapping[str, Any], targets: Targets) -> Iterator[Event]:
    """Yield the events of a GitLab push."""
    if payload.get("object_kind") != "push":
        return
    project = pick(payload, "project", "path_with_namespace")
    for target, pipeline in targets.items():
        if pipeline.repository.gitlab == project:
            yield from _read_push(payload, target, pipeline, f"gitlab:{project}")
