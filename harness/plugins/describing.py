"""Says what plugins offer as plain values: descriptions of their checks and target kinds."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.errors import HarnessError, UsageError, did_you_mean
from harness.plugins.description_files import read_description
from harness.plugins.discovery import Plugins, owner
from harness.plugins.parameters import Function, has_own_rules, schema_of, validate_arguments
from harness.plugins.schemas import formats
from harness.plugins.specs import CheckSpec, Isolation, PluginDescription, TargetKind, comparable, doc_line


def check_spec(plugins: Plugins, name: str) -> CheckSpec:
    """Return the description of the check a suite names: of its plugin's file, else of its code."""
    found = _shipped(plugins, name)
    if found and found.isolated and name not in found.checks:
        raise UsageError(f"plugin {owner(name)!r} describes no check {name!r}{did_you_mean(name, found.checks)}")
    return found.checks[name] if found and name in found.checks else plugins.check_spec(name)


def target_kind(plugins: Plugins, kind: str) -> TargetKind:
    """Return the description of the target kind a suite names: of its plugin's file, else of its code."""
    found = _shipped(plugins, kind)
    return found.targets[kind] if found and kind in found.targets else _describe_kind(kind, plugins.connect(kind))


def describe_plugin(plugins: Plugins, name: str, lock: str | None = None) -> PluginDescription:
    """Return all that a plugin offers as its code says it, which is imported for it.

    How it is isolated, its description file says, or `lock`, which makes it so.
    """
    offers, shipped = plugins.offers(name), _shipped(plugins, name)
    isolated = shipped.isolated if shipped else None
    if lock is not None:
        isolated = replace(isolated, lock=lock) if isolated else Isolation(lock=lock)
    if isolated:
        _refuse_unisolable(name, offers)
    checks, targets = offers.get("harness_checks", {}), offers.get("harness_targets", {})
    return PluginDescription(
        isolated=isolated,
        checks={key: check.spec for key, check in checks.items()},
        targets={key: _describe_kind(key, connect) for key, connect in targets.items()},
        executors=tuple(offers.get("harness_executors", ())),
        reporters=tuple(offers.get("harness_reporters", ())),
        promoters=tuple(offers.get("harness_promoters", ())),
    )


def differences(one: PluginDescription, other: PluginDescription) -> list[str]:
    """Return the names of what two descriptions of one plugin do not say alike."""
    left, right = _things(one), _things(other)
    return sorted(name for name in {*left, *right} if left.get(name) != right.get(name))


def refuse_stale(described: CheckSpec, coded: CheckSpec) -> None:
    """Refuse a check that a suite was resolved with by a description that its code has left behind."""
    if comparable(replace(described, doc=coded.doc)) != comparable(coded):
        plugin = owner(coded.name)
        raise HarnessError(
            f"plugin {plugin!r} describes check {coded.name!r} otherwise than its code says it; "
            f"write its description anew with `harness plugins describe {plugin} --write`"
        )


def validate_target(plugins: Plugins, kind: str, config: Mapping[str, object]) -> None:
    """Hold a target's configuration to what its kind takes; anything else is a UsageError."""
    found = target_kind(plugins, kind)
    if found.own_rules:
        validate_arguments(plugins.connect(kind), config, f"target kind {kind!r}")
    else:
        found.validate(config)


def _refuse_unisolable(name: str, offers: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse what only the host's own process can do: a worker gets datasets and plain parameters, and measures."""
    others = sorted(set(offers) - {"harness_checks"})
    if others:
        raise HarnessError(f"plugin {name!r} is isolated and offers {others[0]}; move it to a plugin of its own")
    for check in offers.get("harness_checks", {}).values():
        spec: CheckSpec = check.spec
        asks = {
            "a target": spec.takes_target,
            "`profiles`": spec.has_profiles,
            "`effort`": spec.has_effort,
            "parameters with rules of their own": spec.own_rules,
            "parameters of other formats than text and path": bool(formats(spec.parameters) - {"path"}),
        }
        for what in [what for what, is_asked in asks.items() if is_asked]:
            raise HarnessError(f"check {spec.name!r} of an isolated plugin has {what}; use datasets and plain values")


def _describe_kind(name: str, connect: Function) -> TargetKind:
    return TargetKind(name=name, doc=doc_line(connect), parameters=schema_of(connect), own_rules=has_own_rules(connect))


def _shipped(plugins: Plugins, name: str) -> PluginDescription | None:
    installed = plugins.known.get(owner(name))
    return read_description(installed.module) if installed else None


def _things(description: PluginDescription) -> dict[str, object]:
    specs = {f"check {name}": comparable(spec) for name, spec in description.checks.items()}
    kinds = {f"target {name}": comparable(kind) for name, kind in description.targets.items()}
    names = {kind: sorted(getattr(description, kind)) for kind in ("executors", "reporters", "promoters")}
    return {**specs, **kinds, **names}
