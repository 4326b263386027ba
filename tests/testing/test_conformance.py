"""`conformance` says in one line what a plugin does not keep."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import HarnessError
from harness.testing import conformance

HEAD = """
from collections.abc import Iterator

from harness import Check, Dataset, Measurement, check, hookimpl
"""
CHECK = """
@check("{check}", metrics={{"rate": "{statistic}"}})
def rate(data: Dataset, *, column{annotation}) -> list[Measurement]:
    {docstring}
    return []

@hookimpl
def harness_checks():
    return {{"{key}": rate}}
"""
GOOD = {
    "check": "odd.rate",
    "key": "odd.rate",
    "statistic": "proportion",
    "annotation": ": str",
    "docstring": '"""Measure."""',
}
Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return what installs a plugin `odd` with a given source, for this test only."""

    def written(source: str) -> None:
        site = tmp_path / "site"
        info = site / "odd-1.0.dist-info"
        info.mkdir(parents=True)
        (site / "odd_plugin.py").write_text(source)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[harness]\nodd = odd_plugin\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.delitem(sys.modules, "odd_plugin", raising=False)
        importlib.invalidate_caches()

    return written


@pytest.mark.parametrize("name", ["table", "terminal", "json", "threads"])
def test_the_hosts_own_plugins_conform(name: str) -> None:
    conformance(name)


def test_a_third_party_plugin_conforms(install: Install) -> None:
    install(HEAD + CHECK.format(**GOOD))

    conformance("odd")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "other.rate"}, "offers 'other.rate'"),
        ({"check": "odd.mean"}, "check 'odd.rate' calls itself 'odd.mean'; use one name"),
        ({"docstring": "..."}, "check 'odd.rate' has no docstring"),
        ({"statistic": "guess"}, "metric 'rate' is a 'guess'; statistics are proportion, mean"),
        ({"annotation": ": object()"}, "its parameters form no JSON schema"),
        ({"annotation": ": str, **more: str"}, "name every parameter"),
    ],
)
def test_a_check_that_does_not_conform_is_told(install: Install, change: dict[str, str], message: str) -> None:
    install(HEAD + CHECK.format(**{**GOOD, **change}))

    with pytest.raises((AssertionError, HarnessError), match=message):
        conformance("odd")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import socket; socket.getaddrinfo('127.0.0.1', 80)", "opens the network"),
        (
            "import harness.judging.wording; harness.judging.wording.SO = dict(harness.judging.wording.SO)",
            "changes harness.judging.wording.SO",
        ),
        ("import sys; sys.path.append('x')", "changes sys.path"),
        ("open('left.db', 'w').close()", r"writes left\.db into the working directory"),
        ("import pluggy; pluggy.PluginManager('harness').register(object(), 'me')", "registers me with pluggy"),
        ("import nowhere_at_all", "'odd' of odd 1.0 does not import: ModuleNotFoundError"),
    ],
)
def test_an_import_that_does_more_is_told(install: Install, source: str, message: str) -> None:
    install(HEAD + source + CHECK.format(**GOOD))

    with pytest.raises((AssertionError, HarnessError), match=message):
        conformance("odd")


@pytest.mark.parametrize(
    ("offer", "message"),
    [
        ("def harness_targets():\n    return {'odd': lambda: None}", "takes no datasets"),
        ("def harness_targets():\n    return {'odd': lambda datasets, url: None}", "url cannot be configured"),
        (
            "def harness_targets():\n    class Odd:\n"
            "        def request(self, row): ...\n"
            "    def odd(datasets) -> Iterator[Odd]: ...\n"
            "    return {'odd': odd}",
            "target kind 'odd' offers request alone; a service has request and send",
        ),
        ("def harness_reporters():\n    return {'odd': lambda runs: ''}", "cannot be called with its two arguments"),
        ("def harness_executors():\n    return {'odd': 3}", "'odd' is a int; offer a function"),
        ("def harness_promoters():\n    return {'odd': 3}", "promoter 'odd' has no current, move, read_back"),
        (
            "def harness_promoters():\n    class Odd:\n"
            "        def current(self, config): ...\n"
            "        def move(self, config): ...\n"
            "        def read_back(self, config): ...\n"
            "    return {'odd': Odd()}",
            r"promoter 'odd': move\(config, identity\) fails: too many positional arguments",
        ),
        ("def harness_checks():\n    return {}", "plugin 'odd' offers nothing"),
    ],
)
def test_an_offer_that_cannot_be_used_is_told(install: Install, offer: str, message: str) -> None:
    install(f"{HEAD}\n@hookimpl\n{offer}\n")

    with pytest.raises(AssertionError, match=message):
        conformance("odd")


def test_a_plugin_that_is_not_installed_is_told() -> None:
    with pytest.raises(AssertionError, match="no plugin 'nowhere' in the entry points"):
        conformance("nowhere")
