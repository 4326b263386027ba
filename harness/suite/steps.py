"""Resolves a suite's steps against the plugins installed, before anything is opened or measured."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.documents import place_text
from harness.errors import HarnessError, UsageError, did_you_mean
from harness.files import digest_file
from harness.plugins.describing import check_spec, validate_target
from harness.plugins.discovery import Plugins
from harness.plugins.specs import CheckSpec
from harness.suite.suites import Step, Suite
from harness.values.canonical import sha256
from harness.values.identity import CANDIDATE
from harness.values.requirements import Requirement
from harness.values.statistics import STATISTICS

if TYPE_CHECKING:
    from harness.plugins.checks import Check

OBSERVED = "observed"  # the check that only tests measure


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A step with its check's description, its parameters and the datasets it names, by target.

    `measured_by` is the check that measures it where that is not the plugin's own: tests observe. `asked` is the digest
    of what it asks, by which looks are counted: its check, parameters and data as written.
    """

    name: str
    step: Step
    check: CheckSpec
    params: Mapping[str, Any]
    arguments: Mapping[str, Mapping[str, str]]
    measured_by: "Check | None" = None
    asked: str = ""


@dataclass(frozen=True, kw_only=True)
class ResolvedSuite:
    """A suite, or some of its steps, with all that the steps name."""

    suite: Suite
    steps: Sequence[Resolved]


def resolve(suite: Suite, plugins: Plugins) -> ResolvedSuite:
    """Return the suite with all names found and all parameters valid; anything wrong is a UsageError."""
    for name in [None, *suite.baselines]:
        target = suite.target_for(name)
        with _placed(suite, ["target"] if name is None else ["baselines", name]):
            validate_target(plugins, target.kind, target.config)
    steps: list[Resolved] = []
    for index, step in enumerate(suite.steps):
        with _placed(suite, ["steps", index]):
            steps.append(_resolve_step(suite, index, step, plugins))
    _refuse_candidate_as_baseline(suite)
    return ResolvedSuite(suite=suite.model_copy(update={"digest": digest_with_files(suite, plugins)}), steps=steps)


def digest_with_files(suite: Suite, plugins: Plugins) -> str:
    """Return the digest of a suite and of the files that its checks read, as a schema: what they hold is asked too.

    A file that is not there is the error of its step.
    """
    named = {
        path: suite.folder / Path(path).expanduser()
        for step in suite.steps
        for path in _paths(check_spec(plugins, step.check), step.params).values()
    }
    files = {path: digest_file(file) for path, file in sorted(named.items()) if file.is_file()}
    return sha256(json.dumps([suite.digest, files])) if files else suite.digest


@contextmanager
def _placed(suite: Suite, path: Sequence[str | int]) -> Iterator[None]:
    """Let an error say where in the suite's file it stands."""
    try:
        yield
    except HarnessError as error:
        raise type(error)(f"{suite.path.name}{place_text(suite.written, path)}: {error}") from error


def _refuse_candidate_as_baseline(suite: Suite) -> None:
    """Refuse a baseline that something is compared with and that is the candidate itself."""
    compared = {requirement.versus for step in suite.steps for requirement in step.requirements}
    for name in [name for name in suite.baselines if name in compared]:
        with _placed(suite, ["baselines", name]):
            if suite.target_for(name) == suite.target:
                raise UsageError(
                    f"baseline {name!r} is opened as the candidate is, so every candidate would be compared with "
                    f"itself and pass; give it a `config` of its own"
                )


def _resolve_step(suite: Suite, index: int, step: Step, plugins: Plugins) -> Resolved:
    check = check_spec(plugins, step.check)
    _metrics_are_known(check, step)
    versus = {requirement.versus for requirement in step.requirements if requirement.versus}
    subjects = {CANDIDATE: None, **{name: name for name in sorted(versus)}}
    arguments = {name: _datasets(suite, check, step, baseline) for name, baseline in subjects.items()}
    return Resolved(
        name=suite.step_name(index),
        step=step,
        check=check,
        params=_parameters(check, step, plugins, suite),
        arguments=arguments,
        asked=_digest_question(suite, check, step, arguments[CANDIDATE]),
    )


def _digest_question(suite: Suite, check: CheckSpec, step: Step, arguments: Mapping[str, str]) -> str:
    """Return the digest of what a step asks, whatever it, its suite and its datasets are called.

    Data and endpoints count as written, with the names of parameters and variables: other values are other rows to look
    at, and so is another window. Thresholds do not enter. A step without data asks of what its target is; tests, of
    themselves.
    """
    defaults = {name: each["default"] for name, each in check.parameters["properties"].items() if "default" in each}
    params = {**defaults, **check.own_parameters(step.params)}
    written = suite.written.get("endpoints") or {}
    params |= {argument: written[name] for argument, name in check.endpoint_names(params).items()}
    data: object = {argument: _source_as_written(suite, name) for argument, name in arguments.items()}
    if check.name == OBSERVED:
        data = {"suite": suite.name, "step": step.name}
    return sha256(json.dumps([check.name, params, data or suite.written.get("target")], sort_keys=True, default=str))


def _source_as_written(suite: Suite, name: str) -> Mapping[str, Any]:
    source = (suite.written.get("data") or {}).get(name, {"source": name})
    return {key: part for key, part in source.items() if key != "window"}


def _parameters(check: CheckSpec, step: Step, plugins: Plugins, suite: Suite) -> Mapping[str, Any]:
    """Return the parameters as written, those that are paths starting at the suite's folder."""
    own = check.own_parameters(step.params)
    if check.own_rules:
        plugins.check(check.name).parameters(own)
    else:
        check.validate(own)
    _endpoints_are_known(check, own, suite.endpoints)
    paths = {name: str(suite.folder / Path(path).expanduser()) for name, path in _paths(check, own).items()}
    return {**own, **paths}


def _endpoints_are_known(check: CheckSpec, params: Mapping[str, Any], known: Mapping[str, str]) -> None:
    for argument, name in check.endpoint_names(params).items():
        if name not in known:
            raise UsageError(
                f"check {check.name!r}, {argument!r}: no endpoint {name!r}{did_you_mean(name, known)}; "
                f"add `endpoints: {{{name}: URL}}` to the suite"
            )


def _paths(check: CheckSpec, params: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the parameters that are paths, as written or by default."""
    defaults = {name: check.parameters["properties"][name].get("default") for name in check.paths}
    return {name: str(path) for name in check.paths if (path := params.get(name, defaults[name])) is not None}


def _datasets(suite: Suite, check: CheckSpec, step: Step, baseline: str | None) -> Mapping[str, str]:
    default = suite.target_for(baseline).config.get("data")
    named = check.dataset_names(step.params, default if isinstance(default, str) else None)
    for argument, name in named.items():
        if name not in suite.data and "/" not in name and "." not in name:
            raise UsageError(f"{check.name}, {argument}: no dataset {name!r}{did_you_mean(name, suite.data)}")
    return named


def _metrics_are_known(check: CheckSpec, step: Step) -> None:
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
                f"{_decidable(check)}make it `severity: info`"
            )
        _refuse_beyond(requirement, *STATISTICS[statistic].limits)


def _decidable(check: CheckSpec) -> str:
    """Return a way out: the check's metrics that have an interval, in the order it declares them."""
    names = [name for name, found in check.metrics.items() if found in STATISTICS and STATISTICS[found].has_interval]
    return f"ask for what has one ({', '.join(names)}), or " if names else ""


def _refuse_beyond(requirement: Requirement, least: float, most: float) -> None:
    """Refuse what every candidate meets or none: percents where shares are meant, or the least there can be."""
    if requirement.versus:
        least, most = 0.0, most - least
    bound = requirement.bound
    asked = f"{requirement.metric!r} is asked for {bound.kind}: {bound.value:g}"
    if not least <= bound.value <= most:
        raise UsageError(
            f"{asked}, which lies beyond {least:g} to {most:g}, so every candidate would pass or none; if percents are "
            f"meant, write {bound.value / 100:g}"
        )
    free = least if bound.kind == "at_least" else most
    if bound.value == free and bound.kind != "gain_at_least" and requirement.severity == "must":
        raise UsageError(
            f"{asked}, and it lies between {least:g} and {most:g}, so every candidate would pass; ask for what a bad "
            f"candidate would miss, or make it `severity: info`"
        )
