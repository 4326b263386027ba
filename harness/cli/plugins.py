"""`harness plugins`: what is installed, from package metadata; one plugin's offers, by importing it."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.keyless import hide_keys
from harness.errors import UsageError, did_you_mean
from harness.plugins.description_places import is_isolated
from harness.plugins.discovery import Installed, Plugins, discover
from harness.plugins.schemas import parameter_texts
from harness.settings import find_settings

if TYPE_CHECKING:
    from harness.plugins.specs import CheckSpec
    from harness.plugins.targets import Connect


class _Plugins(click.Group):
    """Takes a word that is no command for the name of a plugin to show."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of the first word, `show` if there is none."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


@click.group("plugins", cls=_Plugins, invoke_without_command=True, subcommand_metavar="[NAME | COMMAND ...]")
@click.pass_context
def command(context: click.Context) -> int:
    """List the plugins installed; with a NAME, import that one and show what it offers."""
    if context.invoked_subcommand is None:
        click.echo("\n".join(_list_plugins(list(_discover().known.values()))))
    return 0


@command.command("show")
@click.argument("name")
@hide_keys
def show(name: str) -> int:
    """Import a plugin and show what it offers."""
    click.echo("\n".join(_describe_plugin(_discover(), name)))
    return 0


@command.command("describe")
@click.argument("name")
@click.option("--write", is_flag=True, help="Write the description beside the plugin's module.")
@click.option("--lock", metavar="FILE", help="Make it isolated: this file beside its module locks its environment.")
@hide_keys
def describe(name: str, write: bool, lock: str | None) -> int:
    """Print what a plugin says of itself, from which suites are resolved without importing it."""
    from harness.plugins import describing, description_files  # noqa: PLC0415 - pydantic, which listing does without

    plugins = _discover()
    description = describing.describe_plugin(plugins, name, lock)
    if write:
        click.echo(f"wrote {description_files.write_description(plugins.known[name].module, description)}")
    else:
        click.echo(description_files.description_text(description), nl=False)
    return 0


@command.command("prepare")
@click.argument("names", metavar="[NAME]...", nargs=-1)
def prepare(names: tuple[str, ...]) -> int:
    """Build the environments of isolated plugins ahead (default: of all), as for an image that runs without network."""
    from harness.isolated import environments  # noqa: PLC0415 - pydantic, which listing does without

    found = environments.guests(_discover())
    for name in names:
        if name not in found:
            raise UsageError(f"no plugin {name!r} is isolated{did_you_mean(name, found)}")
    for name in names or sorted(found):
        click.echo(f"{name}  {environments.prepare(found[name]).digest}  {found[name].folder}")
    return 0


def _discover() -> Plugins:
    return discover(find_settings(Path.cwd()))


def _list_plugins(known: list[Installed]) -> Iterator[str]:
    width = max(len(plugin.name) for plugin in known)
    for plugin in known:
        isolated = "  isolated" if is_isolated(plugin.module) else ""
        yield f"{plugin.name:<{width}}  {plugin.distribution} {plugin.version}{isolated}"


def _describe_plugin(plugins: Plugins, name: str) -> Iterator[str]:
    offers = plugins.offers(name)
    known = plugins.known[name]
    isolated = "  isolated" if is_isolated(known.module) else ""
    yield f"{name}  {known.distribution} {known.version}{isolated}"
    for hook, offered in offers.items():
        kind = hook.removeprefix("harness_").removesuffix("s")
        for found, thing in sorted(offered.items()):
            yield f"  {kind} {found}"
            yield from _check(thing.spec) if kind == "check" else _target(thing) if kind == "target" else ()


def _target(connect: "Connect") -> Iterator[str]:
    """Yield what a target's `config:` takes."""
    from harness.plugins.parameters import schema_of  # noqa: PLC0415 - pydantic, which listing does without

    yield f"    {' '.join((inspect.getdoc(connect) or '').split(chr(10) * 2)[0].split())}"
    for key, text in parameter_texts(schema_of(connect)).items():
        yield f"    config {key}: {text}"


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
