"""A plugin's description file is read in place of its code, is what the code says, or is refused."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.plugins import command
from harness.errors import HarnessError, UsageError
from harness.plugins.describing import check_spec, describe_plugin, differences, refuse_stale, target_kind
from harness.plugins.description_files import description_text, read_description, write_description
from harness.plugins.description_places import description_file
from harness.plugins.discovery import Installed, Plugins, discover_plugins

SOURCE = '''
from contextlib import nullcontext

from harness import Dataset, check, hookimpl


@check("{name}.rate", metrics={{"rate": "proportion"}})
def rate(data: Dataset, *, column: str, least: int = 3) -> list:
    """Measure nothing."""
    return []


def connect(datasets, *, data: str):
    """Open nothing."""
    return nullcontext()


@hookimpl
def harness_checks():
    return {{"{name}.rate": rate}}


@hookimpl
def harness_targets():
    return {{"{name}": connect}}
'''
SHIPPED = ("rows", "data", "drift", "bias", "quality", "latency", "mlflow", "fraud", "table", "http", "openai")
Install = Callable[[str], Plugins]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return what writes a plugin's module, given its dotted name, and tells of it as package metadata would."""

    def written(module: str) -> Plugins:
        file = tmp_path.joinpath(*module.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        for package in [parent for parent in file.parents if parent != tmp_path and tmp_path in parent.parents]:
            (package / "__init__.py").touch()
        file.write_text(SOURCE.format(name="lone"))
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, module, raising=False)
        installed = Installed(name="lone", module=module, distribution="lone", version="1.0")
        return Plugins({"lone": installed})

    return written


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("lone_a", "lone_a.harness-plugin.json"),
        ("lone_b.adapter", "lone_b/adapter.harness-plugin.json"),
        ("lone_c.__init__", "lone_c/__init__.harness-plugin.json"),
    ],
)
def test_a_description_stands_beside_its_module(install: Install, tmp_path: Path, module: str, expected: str) -> None:
    install(module)

    found = description_file(module)

    assert tmp_path / expected == found
    assert module not in sys.modules


def test_a_package_holds_its_description(install: Install, tmp_path: Path) -> None:
    install("lone_d.__init__")

    assert tmp_path / "lone_d" / "harness-plugin.json" == description_file("lone_d")


def test_a_module_that_is_not_there_has_no_description() -> None:
    assert description_file("lone_nowhere") is None


def test_what_a_description_says_is_asked_of_no_code(install: Install) -> None:
    described = install("lone_e")
    write_description("lone_e", describe_plugin(described, "lone"))
    del sys.modules["lone_e"]
    plugins = install("lone_e")

    spec, kind = check_spec(plugins, "lone.rate"), target_kind(plugins, "lone")

    assert {"rate": "proportion"} == spec.metrics
    assert ["data"] == kind.parameters["required"]
    with pytest.raises(UsageError, match="needs parameter 'column'"):
        spec.validate({})
    assert "lone_e" not in sys.modules


def test_what_a_description_leaves_out_is_asked_of_the_code(install: Install) -> None:
    plugins = install("lone_f")
    (file := description_file("lone_f")) and file.write_text('{"version": 1}')

    assert "lone.rate" == check_spec(plugins, "lone.rate").name
    with pytest.raises(UsageError, match="plugin 'lone' has no check 'lone.rates'; did you mean"):
        check_spec(plugins, "lone.rates")


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2}', '{"checks": {"lone.rate": {"name": "lone.rate"}}}'])
def test_a_description_that_cannot_be_read_is_refused(install: Install, text: str) -> None:
    plugins = install("lone_g")
    (file := description_file("lone_g")) and file.write_text(text)

    with pytest.raises(HarnessError, match="does not describe a plugin: .*; write it anew"):
        check_spec(plugins, "lone.rate")


@pytest.mark.parametrize(
    ("said", "instead"),
    [('"proportion"', '"mean"'), ('"default": 3', '"default": 4'), ('"data": true', '"data": false')],
)
def test_a_description_that_its_code_left_behind_is_refused(install: Install, said: str, instead: str) -> None:
    plugins = install("lone_h")
    described = describe_plugin(plugins, "lone")
    text = description_text(described)
    (file := description_file("lone_h")) and file.write_text(text.replace(said, instead))
    shipped = read_description("lone_h")

    assert text != text.replace(said, instead)
    assert shipped is not None
    assert ["check lone.rate"] == differences(shipped, described)
    with pytest.raises(HarnessError, match="harness plugins describe lone --write"):
        refuse_stale(check_spec(plugins, "lone.rate"), plugins.check("lone.rate").spec)


@pytest.mark.parametrize("name", SHIPPED)
def test_plugins_of_this_repository_ship_what_their_code_says(name: str) -> None:
    plugins = Plugins(discover_plugins())

    shipped = read_description(plugins.known[name].module)

    assert shipped is not None
    assert [] == differences(shipped, describe_plugin(plugins, name))


def test_the_command_prints_a_description_or_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lone.py").write_text(SOURCE.format(name="lone"))
    (tmp_path / "pyproject.toml").write_text('[tool.harness]\nplugins = ["lone"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    printed = CliRunner().invoke(command, ["describe", "lone"], catch_exceptions=False)
    written = CliRunner().invoke(command, ["describe", "lone", "--write"], catch_exceptions=False)

    assert ["lone.rate"] == list(json.loads(printed.output)["checks"])
    assert (tmp_path / "lone.harness-plugin.json").read_text() == printed.output
    assert "wrote " in written.output
