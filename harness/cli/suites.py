"""The suites that a command is given, each with all its names found."""

import os
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UsageError
from harness.plugins.discovery import Plugins
from harness.project import pairs
from harness.suite.steps import OBSERVED, ResolvedSuite, resolve
from harness.suite.suites import Suite, find_suites, read_suites


def read_all(plugins: Plugins, paths: Sequence[Path], params: Sequence[str]) -> Sequence[ResolvedSuite]:
    """Return all suites, each resolved against the plugins, before any is run."""
    suites = read_suites(find_suites(paths), pairs(params), os.environ)
    names = [suite.name for suite in suites]
    for suite in suites:
        if names.count(suite.name) > 1:
            raise UsageError(f"{suite.path}: suite name {suite.name!r} is used twice; names tell runs apart")
    return [_resolve_suite(suite, plugins) for suite in suites]


def describe_valid(plugins: Plugins, paths: Sequence[Path], params: Sequence[str]) -> Sequence[str]:
    """Return a line about each suite, all of which are valid; anything wrong in one is a UsageError."""
    found = [resolved.suite for resolved in read_all(plugins, paths, params)]
    counts = [(suite.name, len(suite.steps), sum(len(step.requirements) for step in suite.steps)) for suite in found]
    return [f"valid: {name} ({steps} steps, {asked} requirements)" for name, steps, asked in counts]


def _resolve_suite(suite: Suite, plugins: Plugins) -> ResolvedSuite:
    resolved = resolve(suite, plugins)
    if any(step.check.name == OBSERVED for step in resolved.steps):
        raise UsageError(f"{suite.path.name}: tests observe its metrics, so only pytest runs it: `pytest TESTS SUITE`")
    return resolved
