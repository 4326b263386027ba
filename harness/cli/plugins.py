"""`harness plugins`: what is installed, from package metadata; one plugin's offers, by importing it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.plugins.discovery import Installed, Plugins, discover
from harness.plugins.schemas import parameter_texts
from harness.settings import find_settings

if TYPE_CHECKING:
    from harness.plugins.specs import CheckSpec


@click.command("plugins")
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """List the plugins installed; with a NAME, import that one and show what it offers."""
    plugins = discover(find_settings(Path.cwd()))
    lines = _list_plugins(list(plugins.known.values())) if name is None else _describe_plugin(plugins, name)
    click.echo("\n".join(lines))
    return 0


def _list_plugins(known: list[Installed]) -> Iterator[str]:
    width = max(len(plugin.name) for plugin in known)
    for plugin in known:
        yield f"{plugin.name:<{width}}  {plugin.distribution} {plugin.version}"


def _describe_plugin(plugins: Plugins, name: str) -> Iterator[str]:
    offers = plugins.offers(name)
    yield f"{name}  {plugins.known[name].distribution} {plugins.known[name].version}"
    for hook, offered in offers.items():
        kind = hook.removeprefix("harness_").removesuffix("s")
        for found, thing in sorted(offered.items()):
            yield f"  {kind} {found}"
            yield from _check(thing.spec) if kind == "check" else ()


def _check(check: "CheckSpec") -> Iterator[str]:
    if check.doc:
        yield f"    {check.doc}"
    for argument in check.datasets:
        if argument != "data":
            yield f"    with {argument}: DATASET"
    for parameter, text in parameter_texts(check.parameters).items():
        yield f"    with {parameter}: {text}"
    if check.metrics:
        yield f"    metrics {', '.join(check.metrics)}"
