"""Finds plugins by name in package metadata and imports only those that a run names."""

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points, metadata
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from harness.errors import HarnessError, UsageError, did_you_mean
from harness.plugins import hooks
from harness.plugins.sources import source_digest
from harness.settings import Settings
from harness.streams import print_to_stderr

if TYPE_CHECKING:
    from harness.plugins.checks import Check
    from harness.plugins.promoters import Promoter
    from harness.plugins.reports import Reporter
    from harness.plugins.specs import CheckSpec
    from harness.plugins.targets import Connect
    from harness.plugins.tasks import Executor

GROUP = "harness"
HOST = "promotion-harness"
EXTRAS: Mapping[str, tuple[str, ...]] = {"reports": ("html", "junit", "markdown")}  # where an extra has another name


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A plugin as package metadata tells of it, before anything is imported; a project's own has its `folder`."""

    name: str
    module: str
    distribution: str
    version: str
    folder: Path | None = None


def discover_plugins(local: Sequence[str] = (), root: Path | None = None) -> Mapping[str, Installed]:
    """Return the plugins by name; two of one name are refused, as one would silently win."""
    found: dict[str, Installed] = {}
    for plugin in sorted([*_entry_point_plugins(), *_local(local, root)], key=lambda plugin: plugin.name):
        if plugin.name in found:
            first = found[plugin.name]
            raise UsageError(
                f"plugin {plugin.name!r} is offered twice, by {first.distribution} ({first.module}) and by "
                f"{plugin.distribution} ({plugin.module}); uninstall or rename one"
            )
        found[plugin.name] = plugin
    return found


def _entry_point_plugins() -> Iterable[Installed]:
    for point in entry_points(group=GROUP):
        distribution, version = (point.dist.name, point.dist.version) if point.dist else ("unknown", "0")
        yield Installed(name=point.name, module=point.value, distribution=distribution, version=version)


def _local(modules: Sequence[str], root: Path | None) -> Iterable[Installed]:
    for module in modules:
        yield Installed(name=module, module=module, distribution="[tool.harness] plugins", version="local", folder=root)


class Plugins:
    """The plugins of one process; each is imported when something of its own is first asked for."""

    def __init__(self, known: Mapping[str, Installed]) -> None:
        self.known = known
        self._manager = pluggy.PluginManager("harness")
        self._manager.add_hookspecs(hooks)

    def check(self, name: str) -> "Check":
        """Return the check a suite names."""
        found: Check = self._find_offer("harness_checks", "check", name)
        if found.name != name:
            raise HarnessError(f"plugin {owner(name)!r} offers check {name!r} under another name, {found.name!r}")
        return found

    def check_spec(self, name: str) -> "CheckSpec":
        """Return the description of the check a suite names, as its code says it."""
        return self.check(name).spec

    def connect(self, kind: str) -> "Connect":
        """Return what opens a target of this kind."""
        found: Connect = self._find_offer("harness_targets", "target kind", kind)
        return found

    def executor(self, name: str) -> "Executor":
        """Return what performs work units."""
        found: Executor = self._find_offer("harness_executors", "executor", name)
        return found

    def reporter(self, name: str) -> "Reporter":
        """Return what writes runs down."""
        found: Reporter = self._find_offer("harness_reporters", "report", name)
        return found

    def promoter(self, name: str) -> "Promoter":
        """Return what knows a registry."""
        found: Promoter = self._find_offer("harness_promoters", "promoter", name)
        return found

    def offers(self, plugin: str) -> Mapping[str, Mapping[str, Any]]:
        """Return all that one plugin offers, by hook; imports it."""
        self._load(plugin)
        return {hook: found for hook in hooks.HOOKS if (found := self._call(hook, plugin))}

    def versions(self) -> Mapping[str, str]:
        """Return distribution, version and digest of the source files of each plugin installed."""
        return {name: version_text(plugin) for name, plugin in sorted(self.known.items())}

    def _find_offer(self, hook: str, what: str, name: str) -> Any:
        if owner(name) not in self.known:
            raise UsageError(f"no {what} {name!r} is installed{_remedy(owner(name), self._list_offering(hook))}")
        self._load(owner(name))
        offered = self._call(hook, owner(name))
        if name not in offered:
            raise UsageError(f"plugin {owner(name)!r} has no {what} {name!r}{did_you_mean(name, offered)}")
        return offered[name]

    def _list_offering(self, hook: str) -> Sequence[str]:
        """Return the plugins that offer something of a kind: as their files say, else as they say when imported."""
        return [name for name, plugin in self.known.items() if self._is_offering(hook, name, plugin.module)]

    def _is_offering(self, hook: str, name: str, module: str) -> bool:
        from harness.plugins.description_files import read_description  # noqa: PLC0415 - pydantic, for an error alone

        try:
            found = read_description(module)
            return bool(getattr(found, hook.removeprefix("harness_")) if found else self.offers(name).get(hook))
        except HarnessError:
            return False  # broken itself, it is told of when something of its own is asked for

    def _call(self, hook: str, plugin: str) -> Mapping[str, Any]:
        others = [module for name, module in self._manager.list_name_plugin() if name != plugin]
        caller: Callable[[], list[Mapping[str, Any]]] = self._manager.subset_hook_caller(hook, remove_plugins=others)
        offered = {name: thing for mapping in caller() for name, thing in mapping.items()}
        for name in offered:
            if owner(name) != plugin:
                raise HarnessError(
                    f"plugin {plugin!r} offers {name!r}; its names are {plugin!r} or start with {plugin + '.'!r}"
                )
        return offered

    def _load(self, plugin: str) -> None:
        if plugin not in self.known:
            raise UsageError(f"no plugin {plugin!r} is installed{_remedy(plugin, self.known)}")
        if self._manager.has_plugin(plugin):
            return
        module = _import_plugin(self.known[plugin])
        try:
            self._manager.register(module, plugin)
            self._manager.check_pending()
        except (ValueError, pluggy.PluginValidationError) as error:
            raise HarnessError(_refusal(self.known[plugin], module, error)) from error


def discover(settings: Settings) -> Plugins:
    """Return the plugins of a project: those installed, and its own modules."""
    return open_plugins(settings.plugins, settings.root)


def open_plugins(local: Sequence[str], root: Path) -> Plugins:
    """Return the plugins installed, and the modules of a project's folder that it names.

    A project's modules come last, so that a file of it named like a library's is never imported in its place.
    """
    if local and str(root) not in sys.path:
        sys.path.append(str(root))
    return Plugins(discover_plugins(local, root))


def version_text(plugin: Installed) -> str:
    """Return distribution, version and digest of the source files as they are now; nothing is imported."""
    digest = source_digest(plugin.module)
    return f"{plugin.distribution} {plugin.version}{f'; sources {digest}' if digest else ''}"


def owner(name: str) -> str:
    """Return the plugin that a name belongs to: what stands before its first dot."""
    return name.split(".", 1)[0]


def _remedy(plugin: str, known: Iterable[str]) -> str:
    """Return what installs a plugin of ours, else which are installed."""
    extra = next((extra for extra, names in EXTRAS.items() if plugin in names), plugin)
    if extra in (metadata(HOST).get_all("Provides-Extra") or ()):
        return f"; install {HOST}[{extra}], or in a clone: uv sync --inexact --extra {extra}"
    return did_you_mean(plugin, known)


def _import_plugin(plugin: Installed) -> ModuleType:
    try:
        with print_to_stderr():
            module = importlib.import_module(plugin.module)
    except Exception as error:
        raise HarnessError(
            f"plugin {plugin.name!r} of {plugin.distribution} {plugin.version} does not import: "
            f"{type(error).__name__}: {error}; repair or reinstall {plugin.distribution} "
            f"(Python {sys.version_info.major}.{sys.version_info.minor})"
        ) from error
    found = Path(module.__file__ or ".").resolve()
    if plugin.folder and plugin.folder.resolve() not in found.parents:
        raise UsageError(
            f"plugin {plugin.name!r} of {plugin.folder} is hidden by {found}, a module of the same name; rename yours"
        )
    return module


def _refusal(plugin: Installed, module: ModuleType, error: Exception) -> str:
    for name in vars(module):
        if name.startswith("harness_") and name not in hooks.HOOKS and repr(name) in str(error):
            return f"plugin {plugin.name!r} of {plugin.distribution}: no hook {name!r}{did_you_mean(name, hooks.HOOKS)}"
    return f"plugin {plugin.name!r} of {plugin.distribution} was refused: {' '.join(str(error).split())}"
