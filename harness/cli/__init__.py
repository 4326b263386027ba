"""The command line: every command's module is imported when it is typed, so that help is quick."""

import gc
import os
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import click

from harness.cli.groups import Group
from harness.cli.interrupts import INTERRUPTED, terminate_as_interrupt
from harness.cli.printing import replace_unprintable
from harness.errors import HarnessError, UsageError
from harness.streams import open_missing
from harness.text import printable_lines

COMMANDS: Mapping[str, str] = {
    "init": "Write suite, gates file and CI workflow for a table of scores.",
    "run": "Run suites, judge what they measure and record it.",
    "validate": "Check suites without measuring anything.",
    "plan": "Say what the data at hand can decide, and how many rows it takes.",
    "gate": "Decide whether a candidate may pass a stage.",
    "approve": "Sign that a candidate may pass a stage.",
    "waive": "Sign that one requirement is let go for one candidate, until a day.",
    "promote": "Promote a candidate that its gate passes, signed.",
    "rollback": "Go back to the last good promotion.",
    "audit": "Find what no promotion explains.",
    "dossier": "Write a zip with all that a promotion rests on, and how to measure it again.",
    "verify": "Verify who signed a statement, and that a model is the one it is about.",
    "keys": "Make keys, show whose one is, and say what a revoked one leaves standing.",
    "evidence": "Record why rows that were judged were wrong, or erase them.",
    "runs": "List, show, compare and explain recorded runs.",
    "plugins": "List plugins, or show what one offers.",
    "selftest": "Ask the gate about one candidate on fresh rows, again and again.",
    "schema": "Print a JSON schema, for editors.",
    "new": "Write a commented suite, plugin or target to start from.",
}
PLUGIN_COMMANDS = "harness.commands"
COMPLETION = "_HARNESS_COMPLETE"  # which shells set
USAGE = 4
YOUNG = 100_000  # values made between searches for cycles: runs and records are many values and no cycles


class Commands(Group):
    """The host's commands, and those of plugins as package metadata lists them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names without importing anything."""
        return [*COMMANDS, *sorted(point.name for point in entry_points(group=PLUGIN_COMMANDS))]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the one command that was typed."""
        if name in COMMANDS:
            command: click.Command = import_module(f"harness.cli.{name}").command
            return command
        for point in entry_points(group=PLUGIN_COMMANDS, name=name):
            return _load_command(name, point.load)
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with a line each."""
        others = [(point.name, _describe_commands(point)) for point in entry_points(group=PLUGIN_COMMANDS)]
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items(), *sorted(others)])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="promotion-harness", prog_name="harness")
def harness() -> None:
    """Decide whether a model or an LLM app may be promoted, and prove it.

    Exit codes: 0 pass, 1 fail, 2 inconclusive, 3 error (something could not be measured),
    4 usage or configuration, 5 nothing was judged, 130 interrupted by Ctrl-C or SIGTERM.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(YOUNG)
    try:
        open_missing()
        replace_unprintable()
        arguments = sys.argv[1:] if arguments is None else arguments
        _refuse_empty(arguments)
        _refuse_undecoded(arguments)
        with terminate_as_interrupt():
            code = harness.main(args=list(arguments), prog_name="harness", standalone_mode=False)
    except HarnessError as error:
        click.echo(f"error: {printable_lines(str(error))}", err=True)
        code = error.exit_code
    except OSError as error:
        click.echo(f"error: {printable_lines(str(error))}; name a place that can be read and written", err=True)
        code = HarnessError.exit_code
    except click.ClickException as error:
        error.show()
        code = USAGE
    except click.Abort:
        click.echo("interrupted", err=True)
        code = INTERRUPTED
    except SystemExit as ended:
        if COMPLETION in os.environ:  # the shell asks at each key, and shows what is said
            raise
        # a plugin's own exit code would read as a verdict, code 0 as a pass
        message = f"the command was ended with exit code {ended.code} before it was done, by a plugin"
        click.echo(f"error: {message}; look for what exits", err=True)
        code = HarnessError.exit_code
    except Exception:  # noqa: BLE001 - Python's own exit code 1 would read as a verdict of fail
        traceback.print_exc()
        click.echo("error: the harness itself failed, which is no verdict; please report the lines above", err=True)
        code = HarnessError.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def _describe_commands(point: EntryPoint) -> str:
    """Return what a plugin's commands are about, as its distribution says, so that none is imported."""
    summary = point.dist.metadata["Summary"] if point.dist else ""
    return f"Commands of plugin {point.name}{f': {summary}' if summary else ''}"


def _refuse_empty(arguments: Sequence[str]) -> None:
    """Refuse an empty argument: of a variable of the shell that is not set, it would read as the working directory."""
    for before, argument in zip(("harness", *arguments), arguments, strict=False):
        if not argument or re.fullmatch(r"--[\w-]+=", argument):
            raise UsageError(f"the argument after {before!r} is empty; is a variable of the shell not set?")
        if "\0" in argument:
            raise UsageError(f"the argument after {before!r} holds a NUL, which no path or name has; leave it out")


def _refuse_undecoded(arguments: Sequence[str]) -> None:
    """Refuse an argument, or a working directory, whose name is no text: no record and no URL of a ledger takes it."""
    folders = [os.getcwd()] if os.path.exists(os.curdir) else []
    for name in (*arguments, *folders):
        if re.search("[\ud800-\udfff]", name):
            encoding = sys.getfilesystemencoding()
            raise UsageError(f"{name!r} is no name in {encoding}; rename it, or set PYTHONUTF8=1 where it is in UTF-8")


def _load_command(name: str, load: object) -> click.Command:
    try:
        command = load() if callable(load) else load
    except Exception as error:
        raise HarnessError(f"commands of plugin {name!r} do not import: {type(error).__name__}: {error}") from error
    if not isinstance(command, click.Command):
        raise HarnessError(f"commands of plugin {name!r} are no click command but {type(command).__name__}")
    return command
