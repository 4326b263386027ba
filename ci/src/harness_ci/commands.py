"""`harness ci`: start the control plane, and check its file."""

import json
import logging
from pathlib import Path
from typing import BinaryIO

import click

CALLERS = 256  # at once; more are answered 503
FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def command() -> None:
    """Start CI, CT and CD when code, data or the quality of a model changes."""


@command.command("serve")
@click.option("--pipelines", "path", type=FILE, default=Path("ci/pipelines.yaml"), show_default=True,
              help="What leads through which stages.")  # fmt: skip
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), default=Path(".harness/ci"),
              show_default=True, help="Folder of its own: checkouts, what commands printed, and SQLite.")  # fmt: skip
@click.option("--database", metavar="URL", help="Postgres instead of SQLite, as postgresql+psycopg://...")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8700, show_default=True)
@click.option("--workers", type=int, default=2, show_default=True, help="Pipelines at once.")
def serve(path: Path, state: Path, database: str | None, host: str, port: int, workers: int) -> None:
    """Listen to webhooks, watch data, and carry pipelines through their stages until stopped."""
    import uvicorn  # noqa: PLC0415 - a server and a workflow engine, which `--help` does without

    from harness_ci.control import open_control  # noqa: PLC0415
    from harness_ci.environments import hide_environment  # noqa: PLC0415
    from harness_ci.pipelines import read_pipelines  # noqa: PLC0415
    from harness_ci.routes import make_app  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, which may be secret
    hide_environment()
    file, root = read_pipelines(path), path.resolve().parent
    with open_control(file, root, state.resolve(), database=database, workers=workers) as control:
        uvicorn.run(make_app(control), host=host, port=port, log_level="warning", server_header=False,
                    limit_concurrency=CALLERS, timeout_keep_alive=5)  # fmt: skip


@command.command("check")
@click.option("--pipelines", "path", type=FILE, default=Path("ci/pipelines.yaml"), show_default=True)
def check(path: Path) -> None:
    """Read the pipelines file, and say which stages each event leads through."""
    from harness_ci.pipelines import read_pipelines  # noqa: PLC0415 - pydantic, which `--help` does without

    for name, target in read_pipelines(path).targets.items():
        degradation = target.on.degradation
        shown = degradation if isinstance(degradation, str) else " -> ".join(degradation)
        clock = "".join(
            f"; {entry} ({each.cron}): {' -> '.join(each.stages)}" for entry, each in target.schedule.items()
        )
        click.echo(f"{name}: code: {' -> '.join(target.on.code)}; data: {' -> '.join(target.on.data or ('nothing',))}; "
                   f"degradation: {shown}{clock}")  # fmt: skip


@command.command("comment")
@click.argument("archive", type=click.File("rb"))
def comment(archive: BinaryIO) -> None:
    """Print as Markdown, for a comment, the decision in an ARCHIVE that the run of a pull request left."""
    from harness_ci.comments import LIMIT, render_comment  # noqa: PLC0415 - pydantic, which `--help` does without

    click.echo(render_comment(archive.read(LIMIT + 1)), nl=False)


@command.command("schema")
def schema() -> None:
    """Print the JSON schema of the pipelines file, for editors."""
    from harness_ci.pipelines import PipelinesFile  # noqa: PLC0415 - pydantic, which `--help` does without

    click.echo(json.dumps(PipelinesFile.model_json_schema(), indent=1))
