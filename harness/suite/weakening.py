"""Says what a change makes a suite ask less of a candidate: values are compared, not text.

What cannot be ordered counts as weaker: other rows, another parameter, a value that only a command gives.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import SecretStr

from harness.data.declarations import Source
from harness.documents import parse
from harness.suite.suites import Scalar, Step, SuiteFile, TargetConfig, param_declarations
from harness.values.requirements import Requirement

SEVERITIES = ("info", "should", "must")
CANDIDATE_NAME = "model"  # in a target's config: every candidate has another
SPREAD = 10**6

Defaults = Callable[[str], Mapping[str, Any]]  # the parameters of a check that it has by default


@dataclass(frozen=True, kw_only=True)
class Weakening:
    """One thing that is asked for less: where, and what is asked now and was before."""

    place: str
    says: str

    def __str__(self) -> str:
        return f"{self.place}: {self.says}"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a suite asks where a gate pins some of its parameters; `names` show the values that stand for others."""

    suite: SuiteFile
    names: Mapping[object, str]

    def show(self, value: object) -> str:
        """Return a value as it is written, so that a parameter is shown and not what stands for it."""
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{key}: {self.show(part)}" for key, part in value.items()) + "}"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(map(self.show, value)) + "]"
        if isinstance(value, SecretStr):
            return "***"
        return self.names.get(value) or ("nothing" if value is None else str(value))


def read_asked(document: Mapping[str, Any], pinned: Mapping[str, Scalar], origin: str) -> Asked:
    """Return what a suite asks; a parameter that is not pinned, and a variable, stand for themselves."""
    names: dict[object, str] = {}
    kinds = param_declarations(document)
    filled = {key: part if key == "params" else _fill(part, pinned, kinds, names) for key, part in document.items()}
    return Asked(suite=parse(SuiteFile, filled, origin, written=document), names=names)


def find_weaker(before: Asked, after: Asked, defaults: Defaults) -> Iterator[Weakening]:
    """Yield what a suite asks less than it did, of which rows, of whom, and of which requirement."""
    comparison = _Comparison(before=before, after=after, defaults=defaults)
    yield from comparison.compare_data()
    yield from comparison.compare_targets()
    yield from comparison.compare_endpoints()
    yield from comparison.compare_steps()


def _fill(part: Any, pinned: Mapping[str, Scalar], kinds: Mapping[str, Any], names: dict[object, str]) -> Any:
    """Return a part of a document with what is pinned, and a value of its own for each name that is not."""
    if isinstance(part, dict) and set(part) in ({"param"}, {"env"}):
        ((kind, name),) = part.items()
        if kind == "param" and name in pinned:
            return pinned[name]
        stands_for = _stand_in(f"{kind}: {name}", str(kinds.get(name)) if kind == "param" else "str")
        names[stands_for] = f"{{{kind}: {name}}}"
        return stands_for
    if isinstance(part, dict):
        return {key: _fill(value, pinned, kinds, names) for key, value in part.items()}
    return [_fill(value, pinned, kinds, names) for value in part] if isinstance(part, list) else part


def _stand_in(name: str, kind: str) -> Scalar:
    """Return a value that stands for a name: the same for one name, and such that a threshold or a span may be it."""
    number = int(sha256(name.encode()).hexdigest()[:8], 16) % SPREAD
    return 0.01 + number / SPREAD / 100 if kind in ("float", "int") else f"{SPREAD + number}s"


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """A suite before and after a change."""

    before: Asked
    after: Asked
    defaults: Defaults

    def compare_data(self) -> Iterator[Weakening]:
        """Yield which rows are others: a dataset of the same name, or of the same content under another."""
        for name, source in self.before.suite.data.items():
            now = self.after.suite.data.get(self._renamed(name))
            yield from self._compare_source(f"data {name}", source, now) if now else ()

    def compare_targets(self) -> Iterator[Weakening]:
        """Yield what else is judged than before, or compared with."""
        before, after = self.before.suite, self.after.suite
        yield from self._compare_target("target", before.target, after.target, ignored=(CANDIDATE_NAME,))
        for name, override in before.baselines.items():
            now = after.baselines.get(name)
            if now is None:
                yield Weakening(place=f"baseline {name}", says="removed")
            elif (override.kind, self._rename(override.config)) != (now.kind, now.config):
                yield self._changed(f"baseline {name}", override.model_dump(), now.model_dump())

    def compare_endpoints(self) -> Iterator[Weakening]:
        """Yield which endpoints answer from elsewhere: another judge may be milder."""
        now = self.after.suite.endpoints
        for name, url in self.before.suite.endpoints.items():
            if name in now and now[name] != url:
                yield self._changed(f"endpoint {name}", url, now[name])

    def compare_steps(self) -> Iterator[Weakening]:
        """Yield which steps ask less."""
        steps = self.after.suite.steps
        names = [self.after.suite.step_name(index) for index in range(len(steps))]
        for index, step in enumerate(self.before.suite.steps):
            name = self.before.suite.step_name(index)
            if all(requirement.severity == "info" for requirement in step.requirements):
                continue
            same = [other for other in steps if self._question(step, renamed=True) == self._question(other)]
            now = steps[names.index(name)] if name in names else next(iter(same), None)
            if now is None:
                yield Weakening(place=f"step {name}", says="removed")
            else:
                yield from self._compare_step(name, step, now)

    def _question(self, step: Step, *, renamed: bool = False) -> tuple[str, Mapping[str, Any]]:
        params = {**self.defaults(step.check), **step.params}
        return step.check, self._rename(params) if renamed else params

    def _compare_step(self, name: str, step: Step, now: Step) -> Iterator[Weakening]:
        place = f"step {name}"
        (check, params), (other, given) = self._question(step, renamed=True), self._question(now)
        if check != other:
            yield self._changed(f"{place}: check", check, other)
        for key in [key for key in {**params, **given} if params.get(key) != given.get(key)]:
            yield self._changed(f"{place}: with {key}", params.get(key), given.get(key))
        for columns in [columns for columns in step.by if columns not in now.by]:
            yield Weakening(place=place, says=f"no longer split by {self.before.show(columns)}")
        for metric, asked in step.require.items():
            for requirement in [each for each in asked if each.severity != "info"]:
                yield from self._compare_metric(f"{name}.{metric}", requirement, now.require.get(metric, ()))

    def _compare_metric(self, place: str, was: Requirement, now: Sequence[Requirement]) -> Iterator[Weakening]:
        """Yield what is asked less of a metric, if no requirement asks as much as one did."""
        found = [list(self._compare_requirement(place, was, each)) for each in now if _is_alike(was, each)]
        if not found:
            asked = f"; it is {', '.join(self._describe(self.after, each) for each in now)} now" if now else ""
            yield Weakening(place=place, says=f"{self._describe(self.before, was)} is no longer asked{asked}")
        else:
            yield from min(found, key=len)

    def _compare_requirement(self, place: str, was: Requirement, now: Requirement) -> Iterator[Weakening]:
        bound, other = was.bound, now.bound
        if not (bound.value == other.value or (self._is_number(bound.value, other.value) and other.implies(bound))):
            yield self._changed(f"{place}: {bound.kind}", bound.value, other.value)
        if SEVERITIES.index(now.severity) < SEVERITIES.index(was.severity):
            yield self._changed(f"{place}: severity", was.severity, now.severity)
        if now.alpha > was.alpha or (now.alpha != was.alpha and not self._is_number(was.alpha, now.alpha)):
            yield self._changed(f"{place}: alpha", was.alpha, now.alpha)
        if not self._plans_as_far(was, now):
            yield self._changed(f"{place}: plan_for", was.plan_for, now.plan_for)
        for key in ("looks", "look_after"):
            if getattr(was, key) != getattr(now, key):
                yield self._changed(f"{place}: {key}", getattr(was, key), getattr(now, key))
        if now.waivable and not was.waivable:
            yield self._changed(f"{place}: waivable", "false", "true")
        if now.scope == "these" != was.scope:
            yield self._changed(f"{place}: scope", was.scope, now.scope)

    def _plans_as_far(self, was: Requirement, now: Requirement) -> bool:
        """Tell whether as many rows are planned for at least: a truth as near to what is asked."""
        before, after = was.plan_for, now.plan_for
        if before is None or before == after:
            return True
        if after is None or not self._is_number(before, after):
            return False
        return abs(after - now.bound.value) <= abs(before - was.bound.value)

    def _is_number(self, *values: object) -> bool:
        return not any(value in self.before.names or value in self.after.names for value in values)

    def _describe(self, asked: Asked, requirement: Requirement) -> str:
        versus = f" against {requirement.versus}" if requirement.versus else ""
        where = f" where {asked.show(requirement.where)}" if requirement.where else ""
        bound = requirement.bound
        return f"{requirement.severity} {bound.kind} {asked.show(bound.value)}{versus}{where}"

    def _compare_source(self, place: str, source: Source, now: Source) -> Iterator[Weakening]:
        for key in Source.model_fields:
            was, found = getattr(source, key), getattr(now, key)
            if was != found:
                yield self._changed(f"{place}: {key}", _plain(was), _plain(found))

    def _compare_target(
        self, place: str, was: TargetConfig, now: TargetConfig, ignored: Sequence[str]
    ) -> Iterator[Weakening]:
        if was.kind != now.kind:
            yield self._changed(f"{place}: kind", was.kind, now.kind)
        config = self._rename(was.config)
        for key in [key for key in {**config, **now.config} if key not in ignored]:
            if config.get(key) != now.config.get(key):
                yield self._changed(f"{place}: {key}", config.get(key), now.config.get(key))

    def _changed(self, place: str, was: object, now: object) -> Weakening:
        return Weakening(place=place, says=f"{self.after.show(now)}, was {self.before.show(was)}")

    def _renamed(self, name: str) -> str:
        """Return what a dataset is called now: as before, or another name for the same rows."""
        data, source = self.after.suite.data, self.before.suite.data[name]
        same = [other for other, found in data.items() if found == source]
        return name if name in data or not same else same[0]

    def _rename(self, part: Any) -> Any:
        """Return a part of the suite of before with its datasets called as they are now."""
        if isinstance(part, str) and part in self.before.suite.data:
            return self._renamed(part)
        if isinstance(part, Mapping):
            return {key: self._rename(value) for key, value in part.items()}
        return [self._rename(value) for value in part] if isinstance(part, list) else part


def _is_alike(was: Requirement, now: Requirement) -> bool:
    """Tell whether a requirement asks the same kind of thing, against the same, of at least the same measurements."""
    same = (was.bound.kind, was.versus) == (now.bound.kind, now.versus)
    return same and (now.where in (was.where, {}))


def _plain(value: object) -> object:
    """Return a part of a declaration as values that can be shown; a connection stays hidden."""
    dump = getattr(value, "model_dump", None)
    return json.loads(json.dumps(dump(exclude_defaults=True), default=str)) if dump else value
