"""Resolves a suite's steps against the plugins installed, before anything is opened or measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError, did_you_mean
from harness.parameters import arguments_of_type, validate_arguments
from harness.plugins.checks import Check
from harness.plugins.discovery import Plugins
from harness.stats import STATISTICS
from harness.suite.suites import Step, Suite
from harness.values.identity import CANDIDATE
from harness.values.requirements import Requirement


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A step with its check, its parameters and the datasets it names, by target."""

    name: str
    step: Step
    check: Check
    params: Mapping[str, Any]
    arguments: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class ResolvedSuite:
    """A suite, or some of its steps, with all that the steps name."""

    suite: Suite
    steps: Sequence[Resolved]


def resolve(suite: Suite, plugins: Plugins) -> ResolvedSuite:
    """Return the suite with all names found and all parameters valid; anything wrong is a UsageError."""
    for name in [None, *suite.baselines]:
        target = suite.target_for(name)
        validate_arguments(plugins.connect(target.kind), target.config, f"target kind {target.kind!r}")
    steps = [_resolve_step(suite, index, step, plugins) for index, step in enumerate(suite.steps)]
    return ResolvedSuite(suite=suite, steps=steps)


def _resolve_step(suite: Suite, index: int, step: Step, plugins: Plugins) -> Resolved:
    check = plugins.check(step.check)
    _metrics_are_known(check, step)
    versus = {requirement.versus for requirement in step.requirements if requirement.versus}
    subjects = {CANDIDATE: None, **{name: name for name in sorted(versus)}}
    return Resolved(
        name=suite.step_name(index),
        step=step,
        check=check,
        params=_resolve_paths(check, check.parameters(step.params), suite.folder),
        arguments={name: _datasets(suite, check, step, baseline) for name, baseline in subjects.items()},
    )


def _resolve_paths(check: Check, params: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Return the parameters, those that are paths starting at the suite's folder."""
    paths = {name for name in arguments_of_type(check.measure, Path) if params.get(name) is not None}
    return {name: folder / value.expanduser() if name in paths else value for name, value in params.items()}


def _datasets(suite: Suite, check: Check, step: Step, baseline: str | None) -> Mapping[str, str]:
    default = suite.target_for(baseline).config.get("data")
    named = check.dataset_names(step.params, default if isinstance(default, str) else None)
    for argument, name in named.items():
        if name not in suite.data and "/" not in name and "." not in name:
            raise UsageError(
                f"{suite.path.name}: {check.name}, {argument}: no dataset {name!r}{did_you_mean(name, suite.data)}"
            )
    return named


def _metrics_are_known(check: Check, step: Step) -> None:
    for requirement in step.requirements if check.metrics else ():
        statistic = check.metrics.get(requirement.metric)
        if statistic is None:
            known = did_you_mean(requirement.metric, check.metrics)
            raise UsageError(f"check {check.name!r} measures no {requirement.metric!r}{known}")
        if statistic not in STATISTICS:
            raise UsageError(
                f"check {check.name!r}: {requirement.metric!r} is a {statistic!r}, which cannot be judged yet"
            )
        if not STATISTICS[statistic].has_interval and requirement.severity != "info":
            raise UsageError(
                f"check {check.name!r}: {requirement.metric!r} has no known interval, so nothing can be decided on it; "
                f"make it `severity: info`"
            )
        _refuse_beyond(requirement, *STATISTICS[statistic].limits)


def _refuse_beyond(requirement: Requirement, least: float, most: float) -> None:
    """Refuse percents where shares are meant: `at_most: 5` of a share would be met by everything."""
    if requirement.versus:
        least, most = 0.0, most - least
    bound = requirement.bound
    if not least <= bound.value <= most:
        raise UsageError(
            f"{requirement.metric!r} is asked for {bound.kind}: {bound.value:g}, which lies beyond {least:g} to "
            f"{most:g}, so every candidate would pass or none; if percents are meant, write {bound.value / 100:g}"
        )
