"""Groups of commands that answer a misspelt one with the one that was probably meant."""

from collections.abc import Mapping

import click

from harness.errors import UsageError, did_you_mean

MEANT: Mapping[str, str] = {"diff": "compare", "ls": "list", "describe": "show", "test": "run", "check": "validate"}


class Group(click.Group):
    """A group whose error for an unknown command names the nearest one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of the first word; where there is none, say which there is."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            raise UsageError(f"`{ctx.command_path}` has no command {name!r}{self._nearest(ctx, name)}")
        return super().resolve_command(ctx, args)

    def _nearest(self, ctx: click.Context, name: str) -> str:
        """Return a question that names the command meant: by what others call it, of a group, or nearly spelt so."""
        known, meant = self.list_commands(ctx), MEANT.get(name, name)
        groups = {each: command for each in known if isinstance(command := self.get_command(ctx, each), click.Group)}
        within = [f"{each} {meant}" for each, group in groups.items() if meant in group.list_commands(ctx)]
        if meant in known or within:
            return f"; did you mean {' or '.join(repr(each) for each in ([meant] if meant in known else within))}?"
        return did_you_mean(name, known)
