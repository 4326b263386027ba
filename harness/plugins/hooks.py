"""The five hooks: each returns a mapping from name to thing, and the host calls only the plugin it needs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from harness.plugins.checks import Check
    from harness.plugins.promoters import Promoter
    from harness.plugins.reports import Reporter
    from harness.plugins.targets import Connect
    from harness.plugins.tasks import Executor

hookspec = pluggy.HookspecMarker("harness")
hookimpl = pluggy.HookimplMarker("harness")


@hookspec
def harness_checks() -> "Mapping[str, Check]":  # type: ignore[empty-body]
    """Return checks by name: what suites name under `check:`."""


@hookspec
def harness_targets() -> "Mapping[str, Connect]":  # type: ignore[empty-body]
    """Return context managers by target kind: what suites name under `target: {kind:}`."""


@hookspec
def harness_executors() -> "Mapping[str, Executor]":  # type: ignore[empty-body]
    """Return functions that perform work units: what `--executor` names."""


@hookspec
def harness_reporters() -> "Mapping[str, Reporter]":  # type: ignore[empty-body]
    """Return functions that write a report down and return what to print: what `--report` names."""


@hookspec
def harness_promoters() -> "Mapping[str, Promoter]":  # type: ignore[empty-body]
    """Return registries by name: what a gate names under `promote:`."""


HOOKS = ("harness_checks", "harness_targets", "harness_executors", "harness_reporters", "harness_promoters")
