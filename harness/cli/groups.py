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
            meant = MEANT.get(name, "")
            known = self.list_commands(ctx)
            nearest = f"; did you mean {meant!r}?" if meant in known else did_you_mean(name, known)
            raise UsageError(f"`{ctx.command_path}` has no command {name!r}{nearest}")
        return super().resolve_command(ctx, args)
