"""Says what part of the tests that observe a session left out: what is left may look better than all would."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.pytesting.observed import tests_of
from harness.suite.names import is_suite_name

SHOWN = 3


def why_narrowed(config: pytest.Config, log: Path) -> str:
    """Return why the observations of a session are not those of all its tests, so that no run is made of them."""
    return next(_reasons(config, log), "")


def describe_part(log: Path) -> Iterator[str]:
    """Yield what the observations are of, and which tests were skipped by a mark or with their file."""
    observed = tests_of(log, "observed")
    yield f"judged on what {len(observed)} tests observed, in {_listed(sorted({_file(test) for test in observed}))}"
    skipped = sorted(set(tests_of(log, "met")) - set(tests_of(log, "started")))
    if skipped:
        yield f"{len(skipped)} tests that observe were skipped by a mark, so their rows are missing: {_listed(skipped)}"
    files = tests_of(log, "skipped file")
    if files:
        yield f"{len(files)} files were skipped; if their tests observe, their rows are missing: {_listed(files)}"


def _reasons(config: pytest.Config, log: Path) -> Iterator[str]:
    deselected = tests_of(log, "deselected")
    if deselected:
        yield f"{len(deselected)} tests that observe were deselected, the first is {deselected[0]}"
    named = [each for each in config.args if "::" in each and not is_suite_name(each.partition("::")[0])]
    if named:
        yield f"the command line names single tests ({_listed(named)}), and others may observe; name files or folders"
    if config.getoption("lf", False) and config.cache and config.cache.get("cache/lastfailed", {}):
        yield "--lf leaves out the files in which nothing failed before; run it without"
    broken = tests_of(log, "broken file")
    if broken:
        yield f"{len(broken)} files could not be collected, the first is {broken[0]}"


def _file(test: str) -> str:
    return test.partition("::")[0]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
