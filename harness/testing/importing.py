"""Imports one module in a process of its own and prints, as JSON, what else happened: there should be nothing.

Usage: python -P importing.py MODULE (a script, as `-m harness.testing.importing` would load the whole testing kit)
"""

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pluggy

from harness.judging import wording
from harness.plugins import checks, discovery

WATCHED = (checks, discovery, wording)  # with these, the host modules that they need, are there before the plugin
NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind")
Values = Mapping[str, Mapping[str, int]]


def troubles_of(module: str) -> list[str]:
    """Return what importing a module did besides defining it."""
    opened: list[str] = []
    registered: list[str] = []
    sys.addaudithook(lambda event, args: opened.append(f"{event} {args[-1]!r}") if event in NETWORK else None)
    _watch_registration(registered)
    before, path = _host_values(), list(sys.path)
    importlib.import_module(module)
    return [*_side_effects(opened, registered), *_value_changes(before, _host_values()), *_leftovers(path)]


def _side_effects(opened: list[str], registered: list[str]) -> Iterator[str]:
    if opened:
        yield f"opens the network ({opened[0]})"
    if registered:
        yield f"registers {registered[0]} with pluggy"


def _leftovers(path: list[str]) -> Iterator[str]:
    if sys.path != path:
        yield "changes sys.path"
    files = sorted(found.name for found in Path.cwd().iterdir())
    if files:
        yield f"writes {', '.join(files)} into the working directory"


def _watch_registration(registered: list[str]) -> None:
    original = pluggy.PluginManager.register

    def register(self: pluggy.PluginManager, plugin: object, name: str | None = None) -> str | None:
        if self.project_name == "harness":
            registered.append(name or repr(plugin))
        return original(self, plugin, name)

    pluggy.PluginManager.register = register  # type: ignore[method-assign]


def _host_values() -> Values:
    """Return the identity of every global of every host module, less the modules in them."""
    modules = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "harness"}
    return {
        name: {key: id(value) for key, value in vars(module).items() if not isinstance(value, ModuleType)}
        for name, module in modules.items()
    }


def _value_changes(before: Values, after: Values) -> Iterator[str]:
    for module, values in before.items():
        for key in {**values, **after.get(module, {})}:
            if values.get(key) != after.get(module, {}).get(key):
                yield f"changes {module}.{key}"


if __name__ == "__main__":
    print(json.dumps(troubles_of(sys.argv[1])))
