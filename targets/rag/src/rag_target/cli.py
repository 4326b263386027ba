"""The command `handbook`: ask a question, serve the handbook, write its questions."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from rag_target.flows import FlowName
from rag_target.generation import Unanswered
from rag_target.index import Retrieval, StoreName
from rag_target.local_llm import serve_local
from rag_target.opening import (
    KEYS,
    Book,
    Chat,
    Embeddings,
    Models,
    open_guarded,
    open_handbook,
    place_model,
    read_model,
)
from rag_target.questions import read_questions, write_questions
from rag_target.rails.policy import Policy

GRACE = 10  # seconds for requests in flight when the service is told to stop
OPTIONS = (
    click.option("--corpus", type=click.Path(path_type=Path, file_okay=False, exists=True), help="A folder of pages."),
    click.option("--retrieval", type=click.Choice(["bm25", "dense", "hybrid"]), help="Default: the best installed."),
    click.option(
        "--store",
        type=click.Choice(["exact", "chroma", "milvus"]),
        default="exact",
        show_default=True,
        help="Of vectors.",
    ),
    click.option(
        "--flow",
        type=click.Choice(["own", "langchain", "llama_index"]),
        default="own",
        show_default=True,
        help="Who finds and has written: this package, or a framework.",
    ),
    click.option("--k", type=click.IntRange(1, 50), default=5, show_default=True, help="Passages to answer from."),
    click.option(
        "--chat",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="JSON as a suite's `chat:`: base_url, model, temperature, seed ...; without one it quotes.",
    ),
    click.option(
        "--embeddings",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="JSON as a suite's `embeddings:`: base_url, model; without one the packaged model.",
    ),
    click.option(
        "--rails",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="JSON as a suite's `rails:`; {} is all rails; without one there are none.",
    ),
)


@click.group()
def main() -> None:
    """A handbook of card disputes that answers questions."""


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@main.command()
@click.argument("question")
@_with_options
def ask(question: str, **options: Any) -> None:
    """Answer a question."""
    book = _open(**options)
    try:
        found = book.ask(question)
    except Unanswered as failure:
        raise click.ClickException(str(failure)) from failure
    click.echo(f"{found.text}\n\n{book.version}; passages: {', '.join(hit.passage.id for hit in found.hits)}")


@main.command()
@_with_options
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8000, show_default=True)
@click.option("--in-flight", type=click.IntRange(1), default=32, show_default=True, help="Requests at once.")
@click.option(
    "--digest",
    default=lambda: os.environ.get("HANDBOOK_DIGEST"),  # an `envvar` that is empty would count as none
    help="Serve no other version than this one; default: what HANDBOOK_DIGEST holds.",
)
def serve(host: str, port: int, in_flight: int, digest: str | None, **options: Any) -> None:
    """Serve the handbook over HTTP; callers send what HANDBOOK_API_KEY holds, if it is set, as X-API-Key."""
    import uvicorn  # noqa: PLC0415  only the extra `service` has it

    from rag_target.app import create_app  # noqa: PLC0415
    from rag_target.door import Limits  # noqa: PLC0415

    limits = Limits(in_flight=in_flight, api_key=os.environ.get("HANDBOOK_API_KEY") or None)
    book = _open(**options)
    if digest not in (None, book.digest):
        raise click.ClickException(f"this handbook is {book.digest}, pinned is {digest!r}; serve the pinned one")
    app = create_app(book, limits)
    uvicorn.run(
        app, host=host, port=port, access_log=False, log_level="warning", timeout_graceful_shutdown=GRACE,
        proxy_headers=False, ws="none",
    )  # fmt: skip


@main.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A parquet file.")
def questions(out: Path) -> None:
    """Write the questions with their gold answers and passages, as a suite reads them."""
    asked = read_questions()
    write_questions(asked, out)
    click.echo(f"wrote {len(asked)} questions to {out}, {sum(not q.answerable for q in asked)} that have no answer")


@main.command()
@click.option("--port", type=int, default=0, show_default=True, help="0: any that is free.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
def model(port: int, threads: int) -> None:
    """Serve the small language model that comes in a package until Ctrl-C; print its base URL."""
    try:
        with serve_local(port, threads) as url, suppress(KeyboardInterrupt):
            click.echo(url)
            threading.Event().wait()
    except ValueError as trouble:
        raise click.UsageError(str(trouble)) from trouble


def _open(
    corpus: Path | None,
    retrieval: Retrieval | None,
    store: StoreName,
    flow: FlowName,
    k: int,
    chat: Path | None,
    embeddings: Path | None,
    rails: Path | None,
) -> Book:
    """Return the handbook that the options name; models' keys are what OPENAI_API_KEY and EMBEDDINGS_API_KEY hold."""
    keys = {name: os.environ.get(variable) for name, variable in KEYS.items()}
    try:
        models = Models(
            chat=place_model(read_model(Chat, chat, keys["chat"]), None),
            embeddings=place_model(read_model(Embeddings, embeddings, keys["embeddings"]), None),
        )
        book = open_handbook(corpus, retrieval, store, k, models, flow=flow)
        return book if rails is None else open_guarded(book, Policy.model_validate_json(rails.read_bytes()))
    except ValueError as trouble:
        raise click.UsageError(str(trouble)) from trouble
