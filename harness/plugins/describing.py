"""Says what plugins offer as plain values: descriptions of their checks and target kinds."""

from collections.abc import Mapping

from harness.plugins.discovery import Plugins
from harness.plugins.parameters import Function, has_own_rules, schema_of, validate_arguments
from harness.plugins.specs import CheckSpec, TargetKind, doc_line


def check_spec(plugins: Plugins, name: str) -> CheckSpec:
    """Return the description of the check a suite names."""
    return plugins.check(name).spec


def target_kind(plugins: Plugins, kind: str) -> TargetKind:
    """Return the description of the target kind a suite names."""
    return _describe_kind(kind, plugins.connect(kind))


def validate_target(plugins: Plugins, kind: str, config: Mapping[str, object]) -> None:
    """Hold a target's configuration to what its kind takes; anything else is a UsageError."""
    found = target_kind(plugins, kind)
    if found.own_rules:
        validate_arguments(plugins.connect(kind), config, f"target kind {kind!r}")
    else:
        found.validate(config)


def _describe_kind(name: str, connect: Function) -> TargetKind:
    return TargetKind(name=name, doc=doc_line(connect), parameters=schema_of(connect), own_rules=has_own_rules(connect))
