"""What every plugin must keep, as one function that a plugin's own test calls."""

import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import PydanticUserError

from harness.plugins.checks import Check
from harness.plugins.describing import describe_plugin, differences
from harness.plugins.description_files import read_description
from harness.plugins.discovery import Plugins, discover, owner
from harness.plugins.parameters import schema_of
from harness.plugins.promoters import Promoter
from harness.plugins.schemas import Schema
from harness.settings import find_settings
from harness.values.statistics import STATISTICS

COMMAND = "import sys; from harness.cli import main; main(sys.argv[1:])"
SECONDS = 120
SERVICE = ("request", "send")
Thing = Callable[..., object]


def conformance(name: str) -> None:
    """Assert that an installed plugin keeps what the host and its users rely on."""
    plugins = discover(find_settings(Path.cwd()))
    known = plugins.known
    assert name in known, f"no plugin {name!r} in the entry points of group 'harness'; install its distribution"
    offers = plugins.offers(name)
    assert offers, f"plugin {name!r} offers nothing; return a mapping from one of its hooks"
    for hook, offered in offers.items():
        for key, thing in offered.items():
            assert owner(key) == name, f"{hook} of {name!r} offers {key!r}; its names are {name!r} or {name}.something"
            _KEEPS[hook](key, thing)
    _imports_quietly(known[name].module)
    _lists_everything(name, offers)
    _describes_itself(plugins, name)


def _check(key: str, found: object) -> None:
    assert isinstance(found, Check), f"check {key!r} is a {type(found).__name__}; decorate it with @check({key!r})"
    assert found.name == key, f"check {key!r} calls itself {found.name!r}; use one name"
    assert (found.measure.__doc__ or "").strip(), f"check {key!r} has no docstring; say in one line what it measures"
    _has_schema(f"check {key!r}", found.measure, lambda: found.spec.parameters)
    for metric, statistic in found.metrics.items():
        message = f"check {key!r}: metric {metric!r} is a {statistic!r}; statistics are {', '.join(STATISTICS)}"
        assert statistic in STATISTICS, message


def _target(key: str, connect: Thing) -> None:
    arguments = list(inspect.signature(connect).parameters.values())
    first = bool(arguments) and arguments[0].kind in (arguments[0].POSITIONAL_ONLY, arguments[0].POSITIONAL_OR_KEYWORD)
    assert first, f"target kind {key!r} takes no datasets; make them its first argument"
    others = [argument.name for argument in arguments[1:] if argument.kind is not argument.KEYWORD_ONLY]
    assert not others, f"target kind {key!r}: {', '.join(others)} cannot be configured; put a * after the datasets"
    _has_schema(f"target kind {key!r}", connect, lambda: schema_of(connect))
    for opened in get_args(get_type_hints(inspect.unwrap(connect)).get("return")):
        offered = [name for name in SERVICE if callable(getattr(opened, name, None))]
        assert len(offered) != 1, (
            f"target kind {key!r} offers {offered[0]} alone; a service has {' and '.join(SERVICE)}"
        )


def _function(key: str, thing: Thing) -> None:
    assert callable(thing), f"{key!r} is a {type(thing).__name__}; offer a function"
    try:
        inspect.signature(thing).bind(object(), object())
    except TypeError as error:
        raise AssertionError(f"{key!r} cannot be called with its two arguments: {error}") from error


def _promoter(key: str, promoter: object) -> None:
    methods = {name: value for name, value in vars(Promoter).items() if callable(value) and not name.startswith("_")}
    missing = [name for name in methods if not callable(getattr(promoter, name, None))]
    assert not missing, f"promoter {key!r} has no {', '.join(missing)}"
    for name, method in methods.items():
        _, *arguments = inspect.signature(method).parameters
        try:
            inspect.signature(getattr(promoter, name)).bind(*arguments)
        except TypeError as error:
            raise AssertionError(f"promoter {key!r}: {name}({', '.join(arguments)}) fails: {error}") from error


_KEEPS: Mapping[str, Callable[[str, Any], None]] = {
    "harness_checks": _check,
    "harness_targets": _target,
    "harness_executors": _function,
    "harness_reporters": _function,
    "harness_promoters": _promoter,
}


def _has_schema(what: str, function: Thing, schema: Callable[[], Schema]) -> None:
    try:
        json.dumps(schema())
    except (PydanticUserError, NameError, TypeError, ValueError) as error:
        raise AssertionError(f"{what}: its parameters form no JSON schema: {error}; annotate plain values") from error
    arguments = inspect.signature(function).parameters.values()
    loose = [a.name for a in arguments if a.kind in (a.VAR_KEYWORD, a.VAR_POSITIONAL)]
    assert not loose, f"{what} takes *{loose[0]}; name every parameter, so that a typo in a suite is an error"


def _imports_quietly(module: str) -> None:
    """Import the module in a process and an empty folder of its own, and assert that nothing else happens."""
    with tempfile.TemporaryDirectory() as folder:
        done = _python(["-P", str(Path(__file__).with_name("importing.py")), module], folder)
        assert done.returncode == 0, f"module {module!r} does not import: {_last_line(done.stderr)}"
        troubles = json.loads(done.stdout.splitlines()[-1])
    assert not troubles, f"importing {module!r} {'; '.join(troubles)}; do it when a hook or check is called"


def _lists_everything(name: str, offers: Mapping[str, Mapping[str, Any]]) -> None:
    done = _python(["-c", COMMAND, "plugins", name], str(Path.cwd()))
    assert done.returncode == 0, f"`harness plugins {name}` ends with {done.returncode}: {_last_line(done.stderr)}"
    listed = done.stdout.split()
    for offered in offers.values():
        for key, thing in offered.items():
            parameters = thing.spec.parameters["properties"] if isinstance(thing, Check) else ()
            missing = [text for text in (key, *(f"{parameter}:" for parameter in parameters)) if text not in listed]
            assert not missing, f"`harness plugins {name}` does not list {', '.join(missing)} of {key!r}"


def _describes_itself(plugins: Plugins, name: str) -> None:
    shipped = read_description(plugins.known[name].module)
    stale = differences(shipped, describe_plugin(plugins, name)) if shipped else []
    message = f"its description says otherwise than its code: {', '.join(stale)}"
    assert not stale, f"plugin {name!r}: {message}; write it anew with `harness plugins describe {name} --write`"


def _python(arguments: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS
    )


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "it said nothing"
